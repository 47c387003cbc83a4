#include "sync/pager.h"

#include "store/sighting_log.h"

#include <algorithm>
#include <utility>

namespace couponsync {
namespace {

using std::chrono::seconds;

constexpr seconds kFirstRetry{30};
/// What a reading's first pages showed is too old to go on from after so long, or after the interval.
constexpr seconds kBookmarkLife{600};
/// Between two pages of one reading; what waits longer was held back, and is no picture of one moment.
constexpr seconds kLongestGap{120};
/// When a listing is read again whose reading had a break.
constexpr seconds kSoon{60};
constexpr std::int64_t kMaxPagesWithoutTotal = 10'000;

/// However short the API makes its pages, one coupon a page is enough for any total; empty pages occur, and
/// coupons come in meanwhile. A listing that goes on beyond that is a loop.
std::int64_t max_pages(Integer total_count) {
  constexpr std::int64_t kMargin = 10;
  return total_count ? *total_count + kMargin : kMaxPagesWithoutTotal;
}

/// A user's listings narrowed by state are due together, so that they are read together.
std::int64_t slot_number(const ListingState& listing) {
  if (listing.key.coupon_state.empty()) return listing.id;
  return static_cast<std::int64_t>(SightingLog::user_of(listing.key) >> 1U);
}

}  // namespace

/// One reading of a listing: the pages from the first to the last.
struct Pager::Reading {
  UnixSeconds run_started_at = 0;
  UnixSeconds started_at = 0;
  RequestOrder began = 0;  ///< its first request, in this process
  SteadyTime last_page_at{};
  std::optional<std::string> page_token;
  std::int64_t page_index = 0;
  Integer total_count;
  std::unordered_set<std::string> tokens_seen;
  bool broken = false;      ///< it was taken up again after a pause
  bool restarted = false;   ///< after a failure, which may happen once
  bool renewed = false;     ///< for its age, which may happen once
  bool confirming = false;  ///< it repeats one that ended unconfirmed
};

Task<Result<PageOutcome>> Pager::read(ListingState& listing, UnixSeconds run_started_at) {
  Reading reading;
  reading.run_started_at = run_started_at;
  begin(reading);
  if (listing.next_page_token) {
    if (resume(listing, reading))
      events_.listing_resumed(listing.key, listing.pages_done);
    else
      events_.bookmark_expired(listing.key, listing.pages_done);
  }
  co_return co_await read_to_end(listing, reading);
}

void Pager::begin(Reading& reading) const {
  Reading next;
  next.run_started_at = reading.run_started_at;
  next.started_at = to_unix_seconds(env_.wall_now());
  next.restarted = reading.restarted;
  next.renewed = reading.renewed;
  next.confirming = reading.confirming;
  reading = std::move(next);
}

/// False if the bookmark is too old, or from a clock that was ahead; the reading is a new one then.
bool Pager::resume(const ListingState& listing, Reading& reading) const {
  Reading resumed = reading;
  if (!listing.last_started_at) return false;
  resumed.started_at = *listing.last_started_at;
  if (is_too_old(resumed)) return false;
  resumed.page_token = listing.next_page_token;
  resumed.page_index = listing.pages_done;
  resumed.total_count = listing.total_count;
  resumed.tokens_seen.insert(*resumed.page_token);
  resumed.last_page_at = env_.steady_now();
  resumed.broken = true;
  reading = std::move(resumed);
  return true;
}

bool Pager::is_too_old(const Reading& reading) const {
  const seconds age{to_unix_seconds(env_.wall_now()) - reading.started_at};
  return age < seconds::zero() || age > std::min(kBookmarkLife, options_.interval);
}

Task<Result<PageOutcome>> Pager::read_to_end(ListingState& listing, Reading& reading) {
  for (;;) {
    Result<FetchedPage> fetched = co_await client_.fetch(listing.key, reading.page_token);
    std::optional<Failure> failure;
    if (fetched.has_error()) {
      failure = fetched.error();
    } else {
      const bool waited_long =
          reading.page_index > 0 && env_.steady_now() - reading.last_page_at > kLongestGap;
      if (waited_long && is_too_old(reading) && !reading.renewed) {
        events_.bookmark_expired(listing.key, reading.page_index);
        begin(reading);
        reading.renewed = true;
        continue;
      }
      reading.broken = reading.broken || waited_long;
      failure = page_loop(reading, *fetched);
    }

    if (!failure) {
      const std::string request_id = fetched->request_id;
      Result<PageOutcome> outcome = co_await commit(listing, reading, std::move(*fetched));
      if (outcome.has_error()) co_return outcome.error();
      if (outcome->ending == Ending::none) continue;
      if (outcome->ending == Ending::unconfirmed && !reading.confirming) {
        events_.listing_read_again(listing.key, *outcome);
        begin(reading);
        reading.confirming = true;
        continue;
      }
      if (outcome->ending != Ending::inconsistent) {
        events_.listing_completed(listing.key, *outcome);
        co_return outcome;
      }
      failure = inconsistency(*outcome, request_id);
    }

    if (failure->rule().remedy == Remedy::restart_listing && !reading.restarted) {
      const Result<> restarted = co_await restart(listing, reading, std::move(*failure));
      if (restarted.has_error()) co_return restarted.error();
      continue;
    }
    Failure ended = co_await fail(listing, reading, std::move(*failure));
    co_return ended;
  }
}

Task<Result<PageOutcome>> Pager::commit(ListingState& listing, Reading& reading, FetchedPage fetched) {
  if (reading.page_index == 0) reading.total_count = fetched.page.total_count;
  if (reading.began == 0) reading.began = fetched.request.number();
  reading.page_token = fetched.page.next_page_token;
  reading.last_page_at = env_.steady_now();
  if (reading.page_token) reading.tokens_seen.insert(*reading.page_token);
  if (!fetched.page.oddities.empty()) events_.oddities_found(listing.key, fetched.page.oddities);
  const auto coupons = static_cast<std::int64_t>(fetched.page.coupons.size());

  PageCommit page;
  page.listing = listing.id;
  page.page = std::move(fetched.page);
  page.page_index = reading.page_index;
  page.started_at = reading.started_at;
  page.seen = {.sent = fetched.request.number(),
               .reading_began = reading.began,
               .received = fetched.received,
               .observed_at = to_unix_seconds(env_.wall_now())};
  page.next_due_at = next_due(listing, reading);
  page.after_break = reading.broken;
  page.oldest_open = writer_.request_orders().oldest_open();
  Result<PageOutcome> outcome = co_await writer_.apply_page(std::move(page));
  if (outcome.has_error()) co_return outcome.error();

  counters_.pages += 1;
  counters_.coupons_seen += coupons;
  counters_.inserted += outcome->inserted;
  counters_.updated += outcome->updated;
  counters_.unchanged += outcome->unchanged;
  counters_.missing += outcome->missing;
  events_.page_committed(listing.key, reading.page_index, *outcome);
  reading.page_index += 1;
  listing = outcome->listing;
  co_return outcome;
}

UnixSeconds Pager::next_due(const ListingState& listing, const Reading& reading) const {
  if (reading.broken) return to_unix_seconds(env_.wall_now()) + std::min(kSoon, options_.interval).count();
  return due_times_.next(slot_number(listing), reading.run_started_at);
}

Task<Result<>> Pager::restart(ListingState& listing, Reading& reading, Failure why) {
  Result<ListingState> dropped = co_await writer_.drop_bookmark(listing.id);
  if (dropped.has_error()) co_return dropped.error();
  listing = std::move(*dropped);
  events_.listing_restarted(listing.key, why);
  begin(reading);
  reading.restarted = true;
  co_return Result<>{};
}

Task<Failure> Pager::fail(ListingState& listing, const Reading& reading, Failure why) {
  // A listing that runs in circles would go on doing so from its bookmark; one whose token was refused twice
  // as well. (One that was inconsistent to its end has none.)
  const bool bookmark_is_useless = why.kind == FailureKind::repeated_page_token ||
                                   why.kind == FailureKind::too_many_pages ||
                                   why.kind == FailureKind::page_token_rejected;
  if (bookmark_is_useless) {
    const Result<ListingState> dropped = co_await writer_.drop_bookmark(listing.id);
    if (dropped.has_error()) co_return dropped.error();
  }
  const seconds again_in = retry_delay(listing, why);
  ListingFailure failure;
  failure.listing = listing.id;
  failure.started_at = reading.started_at;
  failure.next_due_at = to_unix_seconds(env_.wall_now()) + again_in.count();
  failure.code = std::string(why.code_or_name());
  failure.message = describe(why);
  failure.request_id = why.request_id;
  Result<ListingState> recorded = co_await writer_.record_failure(std::move(failure));
  if (recorded.has_error()) co_return recorded.error();
  listing = std::move(*recorded);
  events_.listing_failed(listing.key, why, again_in);
  co_return why;
}

seconds Pager::retry_delay(const ListingState& listing, const Failure& why) {
  // Nothing but a change of the configuration or of the brand's coupons mends these.
  if (why.kind == FailureKind::bad_request || why.kind == FailureKind::not_found) return options_.interval;
  const auto doubled = kFirstRetry.count() << std::min<std::int64_t>(listing.failures, 10);
  const auto capped = std::min<std::int64_t>(doubled, options_.interval.count());
  const auto jittered =
      static_cast<std::int64_t>(static_cast<double>(capped) * (0.75 + 0.25 * env_.random_unit()));
  return seconds(std::max<std::int64_t>(jittered, 1));
}

Failure Pager::inconsistency(const PageOutcome& outcome, const std::string& request_id) {
  Failure failure;
  failure.kind = FailureKind::inconsistent_listing;
  failure.status = 200;
  failure.request_id = request_id;
  failure.detail = "its pages held " + std::to_string(outcome.distinct_coupons.value_or(0)) +
                   " distinct coupons, its total_count said " +
                   (outcome.total_count ? std::to_string(*outcome.total_count) : std::string("nothing"));
  return failure;
}

std::optional<Failure> Pager::page_loop(const Reading& reading, const FetchedPage& fetched) const {
  const Text& next = fetched.page.next_page_token;
  if (!next) return std::nullopt;
  Failure failure;
  failure.status = 200;
  failure.request_id = fetched.request_id;
  if (reading.tokens_seen.contains(*next)) {
    failure.kind = FailureKind::repeated_page_token;
    failure.detail =
        "page " + std::to_string(reading.page_index + 1) + " ends with a page token that was used before";
    return failure;
  }
  const Integer total = reading.page_index == 0 ? fetched.page.total_count : reading.total_count;
  const std::int64_t limit = max_pages(total);
  if (reading.page_index + 1 < limit) return std::nullopt;
  failure.kind = FailureKind::too_many_pages;
  failure.detail = "page " + std::to_string(limit) + " is not the last, though total_count is " +
                   (total ? std::to_string(*total) : std::string("not given"));
  return failure;
}

}  // namespace couponsync
