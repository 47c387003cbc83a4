#include "api/retry_after.h"

#include "api/http_date.h"

#include <algorithm>
#include <string_view>

namespace couponsync {
namespace {

using std::chrono::seconds;
constexpr seconds kLongest = std::chrono::hours(1);

std::optional<seconds> parse_delta(std::string_view text) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (text.empty() || !std::ranges::all_of(text, is_digit)) return std::nullopt;
  seconds delta{0};
  for (const char digit : text) delta = std::min(kLongest, delta * 10 + seconds(digit - '0'));
  return delta;
}

}  // namespace

std::optional<std::chrono::milliseconds> retry_after_of(const HttpReply& reply) {
  const auto value = reply.header("Retry-After");
  if (!value) return std::nullopt;
  if (const auto delta = parse_delta(*value)) return *delta;
  const auto until = parse_http_date(*value);
  const auto now = parse_http_date(reply.header("Date").value_or(""));
  if (!until || !now) return std::nullopt;
  return std::clamp<seconds>(*until - *now, seconds(0), kLongest);
}

}  // namespace couponsync
