#include "sync/listing_reader.h"

#include "store/sighting_log.h"
#include "sync/cost.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace couponsync {
namespace {

using std::chrono::seconds;
using Action = ListingReading::Step::Action;

constexpr seconds kFirstRetry{30};
/// When a listing is read again whose reading had a break.
constexpr seconds kSoon{60};

/// A user's listings narrowed by state are due together, so that they are read together.
std::int64_t slot_number(const Listing& listing) {
  if (listing.key.coupon_state.empty()) return listing.id;
  return static_cast<std::int64_t>(SightingLog::user_of(listing.key) >> 1U);
}

}  // namespace

void ListingReader::reconfigure(ListingReaderOptions options) {
  options_ = options;
  due_times_ = DueTimes(options.interval, options.watched);
}

ListingReading::Now ListingReader::now() const {
  return {.wall = to_unix_seconds(deps_.env.wall_now()), .steady = deps_.env.steady_now()};
}

Task<Result<PageOutcome>> ListingReader::read(Listing& listing, UnixSeconds due_from, const Urgency& urgency,
                                              RunCounters& cost) {
  ListingReading reading(listing, options_.interval, now());
  const bool is_late = was_due_long_before(listing, due_from);
  if (reading.state() == ListingReading::State::resumed)
    deps_.events.listing_resumed(listing.key, listing.pages_done);
  if (reading.has_expired_bookmark()) deps_.events.bookmark_expired(listing.key, listing.pages_done);
  for (;;) {
    Result<FetchedPage> fetched =
        co_await deps_.client.fetch(listing.key, reading.page_token(), urgency, cost);
    const std::int64_t page_index = reading.page_index();
    ListingReading::Step step;
    if (fetched.has_error())
      step = reading.not_fetched(fetched.error());
    else
      step = reading.fetched(fetched->page, fetched->request_id, fetched->request.number(), now());

    std::optional<PageOutcome> outcome;
    if (step.action == Action::commit) {
      const std::string request_id = fetched->request_id;
      Result<PageOutcome> committed = co_await commit(listing, reading, std::move(*fetched), page_index,
                                                      {.from = due_from, .is_late = is_late}, cost);
      if (committed.has_error()) co_return committed.error();
      outcome = std::move(*committed);
      step = reading.committed(*outcome, request_id, now());
      if (step.action == Action::fetch && outcome->ending == Ending::unconfirmed)
        deps_.events.listing_read_again(listing.key, *outcome);
    } else if (step.action == Action::fetch) {
      deps_.events.bookmark_expired(listing.key, page_index);
    }

    switch (step.action) {
      case Action::commit:
      case Action::fetch:
        break;
      case Action::finish:
        deps_.events.listing_completed(listing.key, *outcome);
        co_return std::move(*outcome);
      case Action::restart: {
        Result<Listing> dropped = co_await deps_.writer.drop_bookmark(listing.id);
        if (dropped.has_error()) co_return dropped.error();
        deps_.mirror.took_rows();
        listing = std::move(*dropped);
        deps_.events.listing_restarted(listing.key, *step.why);
        reading.restarted(now());
        break;
      }
      case Action::fail: {
        Failure ended = co_await fail(listing, reading, std::move(*step.why));
        co_return ended;
      }
    }
  }
}

Task<Result<PageOutcome>> ListingReader::commit(Listing& listing, const ListingReading& reading,
                                                FetchedPage fetched, std::int64_t page_index, Due due,
                                                RunCounters& cost) {
  if (!fetched.page.oddities.empty()) deps_.events.oddities_found(listing.key, fetched.page.oddities);
  const auto coupons = static_cast<std::int64_t>(fetched.page.coupons.size());

  PageCommit page;
  page.listing = listing.id;
  page.page = std::move(fetched.page);
  page.page_index = page_index;
  page.started_at = reading.started_at();
  page.seen = {.sent = fetched.request.number(),
               .reading_began = reading.began(),
               .received = fetched.received,
               .observed_at = to_unix_seconds(deps_.env.wall_now())};
  page.next_due_at = next_due(listing, reading, due);
  page.after_break = reading.is_broken();
  page.oldest_open = deps_.writer.request_orders().oldest_open();
  Result<PageOutcome> outcome = co_await deps_.writer.apply_page(std::move(page));
  if (outcome.has_error()) co_return outcome.error();
  deps_.mirror.took_rows();

  cost = sum_of(cost, counters_of(*outcome, coupons));
  listing = outcome->after;
  deps_.events.page_committed(listing.key, page_index, *outcome);
  co_return outcome;
}

bool ListingReader::was_due_long_before(const Listing& listing, UnixSeconds now) const {
  return listing.next_due_at && now - *listing.next_due_at > options_.interval.count() / 4;
}

UnixSeconds ListingReader::next_due(const Listing& listing, const ListingReading& reading, Due due) const {
  if (reading.is_broken())
    return to_unix_seconds(deps_.env.wall_now()) + std::min(kSoon, options_.interval).count();
  // Where there is more to do than the pace allows, who was read first is next.
  if (due.is_late) return due.from + options_.interval.count();
  return due_times_.next(slot_number(listing), due.from);
}

Task<Failure> ListingReader::fail(Listing& listing, const ListingReading& reading, Failure why) {
  if (reading.drops_bookmark()) {
    const Result<Listing> dropped = co_await deps_.writer.drop_bookmark(listing.id);
    if (dropped.has_error()) co_return dropped.error();
  }
  const seconds again_in = retry_delay(listing, why);
  ListingFailure failure;
  failure.listing = listing.id;
  failure.started_at = reading.started_at();
  failure.next_due_at = to_unix_seconds(deps_.env.wall_now()) + again_in.count();
  failure.code = std::string(why.code_or_name());
  failure.message = describe(why);
  failure.request_id = why.request_id;
  Result<Listing> recorded = co_await deps_.writer.record_failure(std::move(failure));
  if (recorded.has_error()) co_return recorded.error();
  deps_.mirror.took_rows();
  listing = std::move(*recorded);
  deps_.events.listing_failed(listing.key, why, again_in);
  co_return why;
}

seconds ListingReader::retry_delay(const Listing& listing, const Failure& why) {
  if (why.rule().again == Again::interval) return options_.interval;
  const auto doubled = kFirstRetry.count() << std::min<std::int64_t>(listing.failures, 10);
  const auto capped = std::min<std::int64_t>(doubled, options_.interval.count());
  const auto jittered =
      static_cast<std::int64_t>(static_cast<double>(capped) * (0.75 + 0.25 * deps_.env.random_unit()));
  return seconds(std::max<std::int64_t>(jittered, 1));
}

}  // namespace couponsync
