#include "sync/scheduler.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace couponsync {
namespace {

using std::chrono::seconds;

constexpr seconds kRefusedProbe{60};
constexpr seconds kMirrorRetry{30};
/// Due times are wall-clock times, which may be set: look again at least this often.
constexpr seconds kLongestSleep{60};

bool is_due(const ListingState& listing, UnixSeconds now) {
  // A bookmark without a failure is a reading that was interrupted: it goes on at once.
  const bool interrupted = listing.next_page_token && listing.failures == 0;
  return !listing.next_due_at || *listing.next_due_at <= now || interrupted;
}

}  // namespace

Scheduler::Scheduler(Env& env, Writer& writer, Events& events, Plan plan,
                     const boost::asio::any_io_executor& executor)
    : env_(env), writer_(writer), events_(events), next_plan_(std::move(plan)), asked_(executor) {}

void Scheduler::reload(Plan plan) {
  next_plan_ = std::move(plan);
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
    const UnixSeconds now = to_unix_seconds(env_.wall_now());
    std::vector<ListingState*> due = due_listings(now, all);
    if (due.empty()) {
      const UnixSeconds until = next_due(now);
      co_await wait_until(until);
      trigger = RunTrigger::interval;
      continue;
    }
    const RunTrigger reason = all ? RunTrigger::sighup : trigger;
    const RunReport report = co_await plan_.syncer->run(reason, std::move(due));
    trigger = RunTrigger::interval;
    all_unfinished = all && report.stopped_by.has_value();
    if (!report.stopped_by) continue;
    const bool over = co_await pause_after(*report.stopped_by);
    if (over) co_return *report.stopped_by;
  }
}

Task<Result<>> Scheduler::adopt_plan() {
  while (next_plan_) {
    Plan plan = std::move(*next_plan_);
    next_plan_.reset();
    std::vector<ListingKey> keys = plan.watchlist;
    Result<std::vector<ListingState>> states = co_await writer_.set_watchlist(std::move(keys));
    if (states.has_error()) {
      if (!next_plan_) next_plan_ = std::move(plan);
      co_return states.error();
    }
    plan_ = std::move(plan);
    listings_ = std::move(*states);
  }
  co_return Result<>{};
}

std::vector<ListingState*> Scheduler::due_listings(UnixSeconds now, bool all) {
  std::vector<ListingState*> due;
  for (ListingState& listing : listings_)
    if (all || is_due(listing, now)) due.push_back(&listing);
  std::ranges::stable_sort(due, {},
                           [](const ListingState* listing) { return listing->next_due_at.value_or(0); });
  return due;
}

UnixSeconds Scheduler::next_due(UnixSeconds now) const {
  UnixSeconds next = now + kLongestSleep.count();
  for (const ListingState& listing : listings_) next = std::min(next, listing.next_due_at.value_or(now));
  return next;
}

ListingCensus Scheduler::census(std::chrono::seconds max_age) const {
  const UnixSeconds now = to_unix_seconds(env_.wall_now());
  ListingCensus census;
  census.watched = listings_.size();
  census.next_due = std::numeric_limits<UnixSeconds>::max();
  for (const ListingState& listing : listings_) {
    const bool failing = listing.failures > 0;
    const bool complete = listing.last_completed_at && now - *listing.last_completed_at <= max_age.count();
    census.failing += failing ? 1 : 0;
    census.fresh += complete && !failing ? 1 : 0;
    census.next_due = std::min(*census.next_due, listing.next_due_at.value_or(now));
  }
  if (census.watched == 0 || *census.next_due <= now) census.next_due.reset();
  return census;
}

Task<> Scheduler::wait_until(UnixSeconds wall_time) {
  const auto wait = std::chrono::system_clock::from_time_t(wall_time) - env_.wall_now();
  const SteadyTime until = env_.steady_now() + std::chrono::duration_cast<SteadyTime::duration>(wait);
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
  const UnixSeconds until = to_unix_seconds(env_.wall_now()) + pause.count();
  co_await wait_until(until);
  co_return false;
}

}  // namespace couponsync
