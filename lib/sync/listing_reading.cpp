#include "sync/listing_reading.h"

#include <algorithm>
#include <utility>

namespace couponsync {
namespace {

using std::chrono::seconds;
using Action = ListingReading::Step::Action;

/// What a reading's first pages showed is too old to go on from after so long, or after the interval.
constexpr seconds kBookmarkLife{600};
/// Between two pages of one reading; what waits longer was held back, and is no picture of one moment.
constexpr seconds kLongestGap{120};
constexpr std::int64_t kMaxPagesWithoutTotal = 10'000;

/// However short the API makes its pages, one coupon a page is enough for any total; empty pages occur, and
/// coupons come in meanwhile. A listing that goes on beyond that is a loop.
std::int64_t max_pages(Integer total_count) {
  constexpr std::int64_t kMargin = 10;
  return total_count ? *total_count + kMargin : kMaxPagesWithoutTotal;
}

Failure failure_of(FailureKind kind, const std::string& request_id, std::string detail) {
  Failure failure;
  failure.kind = kind;
  failure.status = 200;
  failure.request_id = request_id;
  failure.detail = std::move(detail);
  return failure;
}

std::string text_of(Integer total_count, const char* none) {
  return total_count ? std::to_string(*total_count) : std::string(none);
}

}  // namespace

ListingReading::ListingReading(const Listing& listing, seconds interval, Now now) : interval_(interval) {
  begin(State::reading, now);
  if (listing.next_page_token) has_expired_bookmark_ = !resume(listing, now);
}

void ListingReading::begin(State state, Now now) {
  state_ = state;
  was_restarted_ = was_restarted_ || state == State::restarted;
  was_renewed_ = was_renewed_ || state == State::renewed;
  is_confirming_ = is_confirming_ || state == State::confirming;
  started_at_ = now.wall;
  began_ = 0;
  page_token_.reset();
  page_index_ = 0;
  total_count_.reset();
  tokens_seen_.clear();
  is_broken_ = false;
}

bool ListingReading::resume(const Listing& listing, Now now) {
  if (!listing.last_started_at || is_too_old(*listing.last_started_at, now.wall)) return false;
  state_ = State::resumed;
  started_at_ = *listing.last_started_at;
  page_token_ = listing.next_page_token;
  page_index_ = listing.pages_done;
  total_count_ = listing.total_count;
  tokens_seen_.insert(*page_token_);
  last_page_at_ = now.steady;
  is_broken_ = true;
  return true;
}

/// A clock that was ahead makes it too old as well.
bool ListingReading::is_too_old(UnixSeconds started_at, UnixSeconds now) const {
  const seconds age{now - started_at};
  return age < seconds::zero() || age > std::min(kBookmarkLife, interval_);
}

ListingReading::Step ListingReading::fetched(const Page& page, const std::string& request_id,
                                             RequestOrder sent, Now now) {
  const bool has_waited_long = page_index_ > 0 && now.steady - last_page_at_ > kLongestGap;
  if (has_waited_long && is_too_old(started_at_, now.wall) && !was_renewed_) {
    begin(State::renewed, now);
    return {Action::fetch};
  }
  is_broken_ = is_broken_ || has_waited_long;
  if (std::optional<Failure> loop = loop_of(page, request_id)) return failed(std::move(*loop));
  if (page_index_ == 0) total_count_ = page.total_count;
  if (began_ == 0) began_ = sent;
  page_token_ = page.next_page_token;
  last_page_at_ = now.steady;
  if (page_token_) tokens_seen_.insert(*page_token_);
  return {Action::commit};
}

ListingReading::Step ListingReading::not_fetched(Failure why) { return failed(std::move(why)); }

ListingReading::Step ListingReading::committed(const PageOutcome& outcome, const std::string& request_id,
                                               Now now) {
  page_index_ += 1;
  switch (outcome.ending) {
    case Ending::none:
      return {Action::fetch};
    case Ending::unconfirmed:
      if (is_confirming_) break;
      begin(State::confirming, now);
      return {Action::fetch};
    case Ending::inconsistent:
      return failed(failure_of(FailureKind::inconsistent_listing, request_id,
                               "its pages held " + text_of(outcome.distinct_coupons, "too few") +
                                   " distinct coupons, its total_count said " +
                                   text_of(outcome.total_count, "nothing")));
    case Ending::complete:
      break;
  }
  state_ = State::complete;
  return {Action::finish};
}

ListingReading::Step ListingReading::restarted(Now now) {
  begin(State::restarted, now);
  return {Action::fetch};
}

ListingReading::Step ListingReading::failed(Failure why) {
  if (why.rule().remedy == Remedy::restart_listing && !was_restarted_)
    return {Action::restart, std::move(why)};
  state_ = State::failed;
  drops_bookmark_ = why.rule().of_bookmark == OfBookmark::drop;
  return {Action::fail, std::move(why)};
}

std::optional<Failure> ListingReading::loop_of(const Page& page, const std::string& request_id) const {
  const Text& next = page.next_page_token;
  if (!next) return std::nullopt;
  if (tokens_seen_.contains(*next))
    return failure_of(
        FailureKind::repeated_page_token, request_id,
        "page " + std::to_string(page_index_ + 1) + " ends with a page token that was used before");
  const Integer total = page_index_ == 0 ? page.total_count : total_count_;
  const std::int64_t limit = max_pages(total);
  if (page_index_ + 1 < limit) return std::nullopt;
  return failure_of(FailureKind::too_many_pages, request_id,
                    "page " + std::to_string(limit) + " is not the last, though total_count is " +
                        text_of(total, "not given"));
}

}  // namespace couponsync
