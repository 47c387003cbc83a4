#include "sync/listing_probe.h"

#include "sync/cost.h"

#include <optional>
#include <unordered_set>
#include <utility>

namespace couponsync {
namespace {

/// A part that is longer is not worth its probe.
constexpr std::size_t kMostPages = 200;

}  // namespace

ListingKey key_of(const ListingKey& listing, const Part& part) {
  ListingKey key = listing;
  switch (part.kind) {
    case Part::Kind::first_page:
      break;
    case Part::Kind::effective:
      key.coupon_state = "EFFECTIVE";
      break;
    case Part::Kind::pending:
      key.coupon_state = "PENDING";
      break;
    case Part::Kind::stock:
      key.stock_id = part.stock_id;
      break;
  }
  return key;
}

Task<Result<bool>> ListingProbe::read(Listing& listing, Part part, const Urgency& urgency, RunCounters& cost,
                                      PageVisitor visit) {
  const ListingKey key = key_of(listing.key, part);
  std::optional<std::string> page_token;
  std::optional<RequestOrder> began;
  std::unordered_set<std::string> tokens_seen;
  while (tokens_seen.size() < kMostPages) {
    Result<FetchedPage> fetched = co_await deps_.client.fetch(key, page_token, urgency, cost);
    if (fetched.has_error()) co_return fetched.error();
    if (!began) began = fetched->request.number();
    page_token = fetched->page.next_page_token;
    visit(fetched->page);
    const Result<> committed = co_await commit(listing, std::move(*fetched), *began, cost);
    if (committed.has_error()) co_return committed.error();
    if (!page_token || part.kind == Part::Kind::first_page) co_return true;
    if (!tokens_seen.insert(*page_token).second) break;
  }
  co_return false;
}

Task<Result<>> ListingProbe::commit(Listing& listing, FetchedPage fetched, RequestOrder began,
                                    RunCounters& cost) {
  if (!fetched.page.oddities.empty()) deps_.events.oddities_found(listing.key, fetched.page.oddities);
  const auto coupons = static_cast<std::int64_t>(fetched.page.coupons.size());

  ProbeCommit page;
  page.listing = listing.id;
  page.page = std::move(fetched.page);
  page.seen = {.sent = fetched.request.number(),
               .reading_began = began,
               .received = fetched.received,
               .observed_at = to_unix_seconds(deps_.env.wall_now())};
  page.oldest_open = deps_.writer.request_orders().oldest_open();
  const Result<PageOutcome> outcome = co_await deps_.writer.apply_probe(std::move(page));
  if (outcome.has_error()) co_return outcome.error();
  deps_.mirror.took_rows();

  cost = sum_of(cost, counters_of(*outcome, coupons));
  listing = outcome->after;
  deps_.events.part_committed(listing.key, *outcome);
  co_return Result<>{};
}

}  // namespace couponsync
