#include "sync/scheduler.h"

#include "sync/take_over.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <utility>

namespace couponsync {
namespace {

using std::chrono::seconds;

constexpr seconds kRefusedProbe{60};
constexpr seconds kMirrorRetry{30};
/// Due times are wall-clock times, which may be set: look again at least this often.
constexpr seconds kLongestSleep{60};
/// Failed listings are due at times of their own: so often they are gathered to a run, if the interval is not
/// shorter.
constexpr seconds kFailedOnesEvery{60};

}  // namespace

Scheduler::Scheduler(Env& env, Writer& writer, Events& events, Plan plan,
                     const boost::asio::any_io_executor& executor)
    : env_(env), writer_(writer), events_(events), next_plan_(std::move(plan)), asked_(executor) {}

void Scheduler::reload(Plan plan) {
  next_plan_ = std::move(plan);
  if (plan_.syncer) plan_.syncer->leave_pauses();
  sync_all();
}

void Scheduler::sync_all() {
  sync_asked_ = true;
  ++requests_;
  asked_.notify_all();
}

Task<Failure> Scheduler::run() {
  RunTrigger trigger = RunTrigger::start;
  bool all_unfinished = false;
  for (;;) {
    const Result<> adopted = co_await adopt_plan();
    if (adopted.has_error()) {
      const Failure failure = adopted.error();
      const bool over = co_await pause_after(failure);
      if (over) co_return failure;
      continue;
    }
    const bool all = std::exchange(sync_asked_, false) || all_unfinished;
    std::vector<ListingState*> due = due_listings(all);
    if (due.empty()) {
      co_await wait_until_due();
      trigger = RunTrigger::interval;
      continue;
    }
    failed_ones_from_ = env_.steady_now() + std::min(plan_.syncer->interval(), kFailedOnesEvery);
    const RunTrigger reason = all ? RunTrigger::sighup : trigger;
    const RunReport report = co_await plan_.syncer->run(reason, std::move(due));
    trigger = RunTrigger::interval;
    all_unfinished = all && (report.stopped_by || report.left);
    if (!report.stopped_by) continue;
    const bool over = co_await pause_after(*report.stopped_by);
    if (over) co_return *report.stopped_by;
  }
}

Task<Result<>> Scheduler::adopt_plan() {
  while (next_plan_) {
    Plan plan = std::move(*next_plan_);
    next_plan_.reset();
    const std::function<bool()> superseded = [this] { return next_plan_.has_value(); };
    Result<std::optional<std::vector<ListingState>>> states =
        co_await take_over(writer_, plan.watchlist, superseded);
    if (states.has_error()) {
      if (!next_plan_) next_plan_ = std::move(plan);
      co_return states.error();
    }
    if (!*states) continue;
    plan_ = std::move(plan);
    listings_ = std::move(**states);
    due_times_ = DueTimes(plan_.syncer->interval(), listings_.size());
    plan_.syncer->set_witnesses(witnesses_among(listings_));
  }
  co_return Result<>{};
}

bool Scheduler::is_due(const ListingState& listing, UnixSeconds now) const {
  // A bookmark without a failure is a reading that was interrupted: it goes on at once.
  const bool interrupted = listing.next_page_token && listing.failures == 0;
  if (!listing.next_due_at || *listing.next_due_at <= now || interrupted) return true;
  return !due_times_.explain(*listing.next_due_at, now);
}

std::vector<ListingState*> Scheduler::due_listings(bool all) {
  const UnixSeconds now = to_unix_seconds(env_.wall_now());
  std::vector<ListingState*> due;
  bool only_failed_ones = !all;
  for (ListingState& listing : listings_) {
    if (!all && !is_due(listing, now)) continue;
    due.push_back(&listing);
    only_failed_ones = only_failed_ones && listing.failures > 0;
  }
  if (only_failed_ones && failed_ones_wait()) return {};
  std::ranges::stable_sort(due, {},
                           [](const ListingState* listing) { return listing->next_due_at.value_or(0); });
  return due;
}

Task<> Scheduler::wait_until_due() {
  const UnixSeconds now = to_unix_seconds(env_.wall_now());
  UnixSeconds next = now + kLongestSleep.count();
  bool failed_one_is_due = false;
  for (const ListingState& listing : listings_) {
    const bool due = is_due(listing, now);
    if (due && listing.failures > 0)
      failed_one_is_due = true;
    else
      next = std::min(next, due ? now : *listing.next_due_at);
  }
  std::chrono::nanoseconds wait = std::chrono::system_clock::from_time_t(next) - env_.wall_now();
  if (failed_one_is_due)
    wait = std::min<std::chrono::nanoseconds>(wait, failed_ones_from_ - env_.steady_now());
  co_await wait_for(wait);
}

ListingCensus Scheduler::census(std::chrono::seconds max_age) const {
  const UnixSeconds now = to_unix_seconds(env_.wall_now());
  ListingCensus census;
  census.watched = listings_.size();
  census.next_due = std::numeric_limits<UnixSeconds>::max();
  for (const ListingState& listing : listings_) {
    const bool failing = listing.failures > 0;
    census.failing += failing ? 1 : 0;
    census.fresh += is_recent(listing.last_completed_at, max_age, now) && !failing ? 1 : 0;
    census.next_due = std::min(*census.next_due, is_due(listing, now) ? now : *listing.next_due_at);
  }
  if (census.watched == 0 || *census.next_due <= now) census.next_due.reset();
  return census;
}

Task<> Scheduler::wait_for(std::chrono::nanoseconds time) {
  const SteadyTime until = env_.steady_now() + time;
  const std::uint64_t seen = requests_;
  while (requests_ == seen && env_.steady_now() < until) co_await asked_.wait_until(env_, until);
}

Task<bool> Scheduler::pause_after(const Failure& failure) {
  if (failure.kind == FailureKind::mirror_damaged || failure.kind == FailureKind::mirror_gone) co_return true;
  const bool refused = failure.rule().remedy == Remedy::stop_sending;
  const seconds pause = refused ? kRefusedProbe : kMirrorRetry;
  if (refused)
    events_.sending_stopped(failure, pause);
  else
    events_.writing_stopped(failure, pause);
  // A request that came during the refused run may bring better credentials; a full disk it does not mend.
  if (refused && sync_asked_) co_return false;
  co_await wait_for(pause);
  co_return false;
}

}  // namespace couponsync
