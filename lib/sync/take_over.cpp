#include "sync/take_over.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <utility>

namespace couponsync {
namespace {

/// Takes the database thread about a tenth of a second.
constexpr std::ptrdiff_t kPart = 10'000;

}  // namespace

Task<Result<std::optional<std::vector<ListingState>>>> take_over(Writer& writer,
                                                                 const std::vector<ListingKey>& keys,
                                                                 const std::function<bool()>& abandon) {
  std::vector<ListingState> states;
  states.reserve(keys.size());
  for (auto next = keys.begin(); next != keys.end();) {
    if (abandon()) co_return std::optional<std::vector<ListingState>>();
    const auto end = next + std::min(kPart, keys.end() - next);
    std::vector<ListingKey> part(next, end);
    Result<std::vector<ListingState>> taken = co_await writer.watch(std::move(part));
    if (taken.has_error()) co_return taken.error();
    std::ranges::move(*taken, std::back_inserter(states));
    next = end;
  }
  if (abandon()) co_return std::optional<std::vector<ListingState>>();
  std::vector<ListingId> ids;
  ids.reserve(states.size());
  for (const ListingState& state : states) ids.push_back(state.id);
  const Result<> unwatched = co_await writer.unwatch_all_but(std::move(ids));
  if (unwatched.has_error()) co_return unwatched.error();
  co_return std::optional(std::move(states));
}

}  // namespace couponsync
