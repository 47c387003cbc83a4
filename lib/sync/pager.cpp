#include "sync/pager.h"

#include <algorithm>
#include <utility>

namespace couponsync {
namespace {

using std::chrono::seconds;

constexpr seconds kFirstRetry{30};
constexpr std::int64_t kMaxPagesWithoutTotal = 10'000;

/// However short the API makes its pages, one coupon a page is enough for any total; empty pages occur, and
/// coupons come in meanwhile. A listing that goes on beyond that is a loop.
std::int64_t max_pages(Integer total_count) {
  constexpr std::int64_t kMargin = 10;
  return total_count ? *total_count + kMargin : kMaxPagesWithoutTotal;
}

}  // namespace

/// One reading of a listing: the pages from the first to the last.
struct Pager::Reading {
  UnixSeconds run_started_at = 0;
  UnixSeconds started_at = 0;
  std::optional<std::string> page_token;
  std::int64_t page_index = 0;
  Integer total_count;
  std::unordered_set<std::string> tokens_seen;
  bool restarted = false;   ///< after a failure, which may happen once
  bool confirming = false;  ///< it repeats one that ended unconfirmed
};

Task<Result<>> Pager::read(ListingState& listing, UnixSeconds run_started_at) {
  Reading reading;
  reading.run_started_at = run_started_at;
  reading.started_at = to_unix_seconds(env_.wall_now());
  if (listing.next_page_token) {
    reading.started_at = listing.last_started_at.value_or(reading.started_at);
    reading.page_token = listing.next_page_token;
    reading.page_index = listing.pages_done;
    reading.total_count = listing.total_count;
    reading.tokens_seen.insert(*reading.page_token);
    events_.listing_resumed(listing.key, listing.pages_done);
  }
  co_return co_await read_to_end(listing, reading);
}

Task<Result<>> Pager::read_to_end(ListingState& listing, Reading& reading) {
  for (;;) {
    Result<FetchedPage> fetched = co_await client_.fetch(listing.key, reading.page_token);
    std::optional<Failure> failure;
    if (fetched.has_error())
      failure = fetched.error();
    else
      failure = page_loop(reading, *fetched);

    if (!failure) {
      const std::string request_id = fetched->request_id;
      const Result<PageOutcome> outcome = co_await commit(listing, reading, std::move(*fetched));
      if (outcome.has_error()) co_return outcome.error();
      if (outcome->ending == Ending::none) continue;
      if (outcome->ending == Ending::unconfirmed && !reading.confirming) {
        events_.listing_read_again(listing.key, *outcome);
        begin_again(listing, reading);
        reading.confirming = true;
        continue;
      }
      if (outcome->ending != Ending::inconsistent) {
        events_.listing_completed(listing.key, *outcome);
        co_return Result<>{};
      }
      failure = inconsistency(*outcome, request_id);
    }

    if (failure->rule().remedy == Remedy::restart_listing && !reading.restarted) {
      const Result<> restarted = co_await restart(listing, reading, std::move(*failure));
      if (restarted.has_error()) co_return restarted;
      continue;
    }
    co_return co_await fail(listing, reading, std::move(*failure));
  }
}

Task<Result<PageOutcome>> Pager::commit(ListingState& listing, Reading& reading, FetchedPage fetched) {
  if (reading.page_index == 0) reading.total_count = fetched.page.total_count;
  reading.page_token = fetched.page.next_page_token;
  if (reading.page_token) reading.tokens_seen.insert(*reading.page_token);
  if (!fetched.page.oddities.empty()) events_.oddities_found(listing.key, fetched.page.oddities);
  const auto coupons = static_cast<std::int64_t>(fetched.page.coupons.size());

  PageCommit page;
  page.listing = listing.id;
  page.page = std::move(fetched.page);
  page.page_index = reading.page_index;
  page.started_at = reading.started_at;
  page.observed_at = to_unix_seconds(env_.wall_now());
  page.next_due_at = due_times_.next(listing.id, reading.run_started_at);
  const UnixSeconds observed_at = page.observed_at;
  const UnixSeconds next_due_at = page.next_due_at;
  const Result<PageOutcome> outcome = co_await writer_.apply_page(std::move(page));
  if (outcome.has_error()) co_return outcome.error();

  counters_.pages += 1;
  counters_.coupons_seen += coupons;
  counters_.inserted += outcome->inserted;
  counters_.updated += outcome->updated;
  counters_.unchanged += outcome->unchanged;
  counters_.missing += outcome->missing;
  events_.page_committed(listing.key, reading.page_index, *outcome);

  reading.page_index += 1;
  listing.last_started_at = reading.started_at;
  listing.pages_done = reading.page_index;
  listing.total_count = reading.total_count;
  listing.next_page_token = reading.page_token;
  if (outcome->ending == Ending::complete || outcome->ending == Ending::unconfirmed) {
    listing.last_completed_at = observed_at;
    listing.next_due_at = next_due_at;
    listing.failures = 0;
  }
  co_return outcome;
}

Task<Result<>> Pager::restart(ListingState& listing, Reading& reading, Failure why) {
  const Result<> dropped = co_await writer_.drop_checkpoint(listing.id);
  if (dropped.has_error()) co_return dropped;
  events_.listing_restarted(listing.key, why);
  begin_again(listing, reading);
  reading.restarted = true;
  co_return Result<>{};
}

void Pager::begin_again(ListingState& listing, Reading& reading) const {
  listing.next_page_token.reset();
  listing.pages_done = 0;
  Reading next;
  next.run_started_at = reading.run_started_at;
  next.started_at = to_unix_seconds(env_.wall_now());
  next.restarted = reading.restarted;
  next.confirming = reading.confirming;
  reading = std::move(next);
}

Task<Result<>> Pager::fail(ListingState& listing, const Reading& reading, Failure why) {
  // A listing that runs in circles would go on doing so from its checkpoint; one whose token was refused
  // twice as well. (One that was inconsistent to its end has none.)
  const bool checkpoint_is_useless = why.kind == FailureKind::repeated_page_token ||
                                     why.kind == FailureKind::too_many_pages ||
                                     why.kind == FailureKind::page_token_rejected;
  if (checkpoint_is_useless) {
    const Result<> dropped = co_await writer_.drop_checkpoint(listing.id);
    if (dropped.has_error()) co_return dropped;
    listing.next_page_token.reset();
    listing.pages_done = 0;
  }
  const seconds again_in = retry_delay(listing, why);
  ListingFailure failure;
  failure.listing = listing.id;
  failure.started_at = reading.started_at;
  failure.next_due_at = to_unix_seconds(env_.wall_now()) + again_in.count();
  failure.code = std::string(why.code_or_name());
  failure.message = describe(why);
  failure.request_id = why.request_id;
  listing.last_started_at = reading.started_at;
  listing.next_due_at = failure.next_due_at;
  listing.failures += 1;
  const Result<> recorded = co_await writer_.record_failure(std::move(failure));
  if (recorded.has_error()) co_return recorded;
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
