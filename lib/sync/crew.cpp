#include "sync/crew.h"

#include "store/listing_gone.h"
#include "sync/cost.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <limits>
#include <utility>

namespace couponsync {
namespace {

namespace asio = boost::asio;
using std::chrono::seconds;

/// Beside those who read what is due.
constexpr std::size_t kHintWorkers = 4;
/// Rows are loaded for so many listings at once.
constexpr std::size_t kLoadedAtOnce = 16;
/// A user's listings that are due within so much of the interval are read together. Half: of two that came
/// apart, by a failure, one is always due within that after the other, so that they find together again.
constexpr std::int64_t kTogether = 2;

int gravity_of(const Failure& failure) {
  if (failure.kind == FailureKind::mirror_gone) return 2;
  return failure.rule().remedy == Remedy::end ? 1 : 0;
}

}  // namespace

Tick tick_of(SteadyTime time) {
  return static_cast<Tick>(std::chrono::floor<seconds>(time.time_since_epoch()).count());
}

Standing standing_of(const Listing& listing, const DueTimes& due_times, const Env& env) {
  const UnixSeconds now = to_unix_seconds(env.wall_now());
  const std::int64_t tick = tick_of(env.steady_now());
  constexpr std::int64_t kFar = std::numeric_limits<Tick>::max() / 4;
  const auto tick_at = [&](UnixSeconds when) {
    return static_cast<Tick>(std::clamp<std::int64_t>(tick + (when - now), -kFar, kFar));
  };
  Standing standing;
  // A bookmark without a failure is a reading that was interrupted: it goes on at once.
  const bool was_interrupted = listing.next_page_token && listing.failures == 0;
  if (listing.next_due_at && !was_interrupted && due_times.explain(*listing.next_due_at, now))
    standing.due = tick_at(*listing.next_due_at);
  if (listing.last_completed_at && *listing.last_completed_at <= now + kMostAhead)
    standing.completed = tick_at(*listing.last_completed_at);
  standing.failures = listing.failures;
  standing.pages = listing.pages_done;
  return standing;
}

Crew::Crew(Deps deps, const asio::any_io_executor& executor)
    : deps_(deps), executor_(executor), workers_(executor), changed_(executor) {}

void Crew::resize(std::size_t workers) {
  size_ = workers;
  if (is_running_ && !is_stopping_ && staying_ < size_) {
    const std::size_t missing = size_ - staying_;
    staying_ = size_;
    // Each may end at once, where there is nothing to do.
    for (std::size_t i = 0; i < missing; ++i) workers_.spawn(work());
  }
  changed_.notify_all();
}

Task<> Crew::run() {
  is_running_ = true;
  for (std::size_t i = 0; i < kHintWorkers; ++i) workers_.spawn(work_on_hints());
  resize(size_);
  co_await workers_.join();
}

void Crew::stop() {
  is_stopping_ = true;
  workers_.cancel();
}

void Crew::end(const Failure& why) {
  if (!mirror_failure_ || gravity_of(why) >= gravity_of(*mirror_failure_)) mirror_failure_ = why;
  stop();
}

void Crew::stop_reading(ListingId listing) {
  const auto found = readings_.find(listing);
  if (found != readings_.end()) found->second.stop.emit(asio::cancellation_type::terminal);
}

RunCounters Crew::under_way() const {
  RunCounters sum;
  for (const auto& [id, reading] : readings_) sum = sum_of(sum, reading.cost);
  return sum;
}

Task<> Crew::work() {
  for (;;) {
    std::optional<Group> group = co_await next_group(Urgency::ordinary);
    if (!group) break;
    Task<> reading = read_group(std::move(*group));
    co_await std::move(reading);
  }
  --staying_;
}

Task<> Crew::work_on_hints() {
  for (;;) {
    std::optional<Group> group = co_await next_group(Urgency::urgent);
    if (!group) co_return;
    Task<> reading = read_group(std::move(*group));
    co_await std::move(reading);
  }
}

/// Waits for something to do, of that urgency at least; nothing if there will be nothing more, or for others
/// alone.
Task<std::optional<Crew::Group>> Crew::next_group(Urgency least) {
  for (;;) {
    if (is_dry() || is_stopping_) co_return std::nullopt;
    if (least == Urgency::ordinary && staying_ > size_) co_return std::nullopt;
    std::optional<Group> group = take_loaded(least);
    if (group) co_return group;
    std::optional<Tick> due = deps_.queue.next_due();
    if (least == Urgency::urgent && !deps_.queue.has_hinted()) due.reset();
    const Tick now = tick_of(deps_.env.steady_now());
    if (!is_loading_ && due && (*due <= now || is_once_)) {
      Valve::Pass pass = co_await deps_.mirror.enter();
      if (is_loading_ || has_loaded(least)) continue;  // somebody was faster while this one waited
      const Result<> loaded = co_await load_groups();
      if (loaded.has_error()) mirror_failed(pass, loaded.error());
    } else if (!is_loading_ && due) {
      const SteadyTime until{seconds(*due)};
      co_await changed_.wait_until(deps_.env, until);
    } else {
      co_await changed_.wait();
    }
  }
}

std::optional<Crew::Group> Crew::take_loaded(Urgency least) {
  std::optional<Group> group = take_loaded(loaded_hinted_);
  if (!group && least == Urgency::ordinary) group = take_loaded(loaded_);
  return group;
}

bool Crew::has_loaded(Urgency least) const {
  return !loaded_hinted_.empty() || (least == Urgency::ordinary && !loaded_.empty());
}

void Crew::hinted(ListingId listing) {
  if (const auto reading = readings_.find(listing); reading != readings_.end())
    reading->second.urgency = Urgency::urgent;
  const auto has_it = [listing](const Group& group) {
    return std::ranges::any_of(
        group, [listing](const Assignment& assignment) { return assignment.listing.id == listing; });
  };
  const auto found = std::ranges::find_if(loaded_, has_it);
  if (found != loaded_.end()) make_urgent(found);
  look_again();
}

void Crew::make_urgent(std::deque<Group>::iterator group) {
  for (Assignment& assignment : *group) assignment.urgency = Urgency::urgent;
  loaded_hinted_.push_back(std::move(*group));
  loaded_.erase(group);
}

std::optional<Crew::Group> Crew::take_loaded(std::deque<Group>& loaded) {
  while (!loaded.empty()) {
    Group group = std::move(loaded.front());
    loaded.pop_front();
    std::erase_if(group, [this](const Assignment& assignment) {
      if (deps_.queue.contains(assignment.listing.id)) return false;
      deps_.queue.put_back(assignment.listing.id);
      return true;
    });
    if (!group.empty()) return group;
  }
  return std::nullopt;
}

/// Takes what is due, and what is read together with it, and looks up where it stands.
Task<Result<>> Crew::load_groups() {
  const Tick now = tick_of(deps_.env.steady_now());
  std::unordered_map<ListingId, DueQueue::Taken> taken;
  std::vector<ListingId> ids;
  while (ids.size() < kLoadedAtOnce) {
    const std::optional<DueQueue::Taken> next =
        deps_.queue.take_next(is_once_ ? std::numeric_limits<Tick>::max() : now);
    if (!next) break;
    taken.emplace(next->id, *next);
    ids.push_back(next->id);
  }
  is_loading_ = true;
  Result<std::vector<std::vector<Listing>>> groups = co_await deps_.writer.load(ids);
  is_loading_ = false;
  changed_.notify_all();
  if (groups.has_error()) {
    for (const ListingId id : ids) deps_.queue.put_back(id);
    co_return groups.error();
  }
  const auto together = static_cast<Tick>(deps_.reader.interval().count() / kTogether);
  for (std::vector<Listing>& listings : *groups) {
    Group group;
    bool is_hinted = false;
    for (Listing& listing : listings) {
      const auto own = taken.extract(listing.id);
      const std::optional<DueQueue::Taken> assigned =
          own ? own.mapped() : deps_.queue.take(listing.id, now + together);
      if (!assigned) continue;
      if (listing.failures == 0) deps_.client.offer_witness(listing.key);
      is_hinted = is_hinted || assigned->is_hinted;
      group.push_back({std::move(listing), assigned->accounted});
    }
    if (group.empty()) continue;
    loaded_.push_back(std::move(group));
    if (is_hinted) make_urgent(std::prev(loaded_.end()));
  }
  // Their rows are gone: somebody deleted them. They are watched no more.
  for (const auto& [id, gone] : taken) {
    deps_.hints.forget(id);
    if (const auto dropped = deps_.queue.drop(id)) deps_.ledger.left(dropped->accounted);
  }
  co_return Result<>{};
}

Task<> Crew::read_group(Group group) {
  Valve::Pass pass = co_await deps_.mirror.enter();
  const UnixSeconds due_from = to_unix_seconds(deps_.env.wall_now());
  std::vector<Outcome> outcomes(group.size());
  bool all_read = true;
  const Failure* mirror_failure = nullptr;
  for (std::size_t i = 0; i < group.size() && mirror_failure == nullptr; ++i) {
    Outcome outcome = co_await read_one(group[i], due_from);
    all_read = all_read && outcome.is_read;
    outcomes[i] = std::move(outcome);
    mirror_failure = mirror_failure_of(outcomes[i]);
  }
  // Coupons are searched for that another reading of the same listings may find.
  all_read = all_read && outcomes.back().searched_for > 0;
  for (std::size_t i = 0; i < group.size() && all_read; ++i) {
    Outcome outcome = co_await read_one(group[i], due_from);
    all_read = outcome.is_read;
    outcome.account = outcomes[i].account;
    outcome.began = outcomes[i].began;
    outcome.changes += outcomes[i].changes;
    outcomes[i] = std::move(outcome);
    mirror_failure = mirror_failure_of(outcomes[i]);
  }
  if (mirror_failure != nullptr) mirror_failed(pass, *mirror_failure);
  for (std::size_t i = 0; i < group.size(); ++i) put_back(group[i], outcomes[i]);
  changed_.notify_all();
}

Task<Crew::Outcome> Crew::read_one(Assignment& assignment, UnixSeconds due_from) {
  const ListingId id = assignment.listing.id;
  Outcome outcome;
  if (!deps_.queue.begin(id)) co_return outcome;
  outcome.account = {.accounted = assignment.accounted, .began = deps_.ledger.newest()};
  outcome.began = deps_.env.steady_now();
  Reading& reading = readings_[id];
  reading.urgency = deps_.queue.is_hinted(id) ? Urgency::urgent : assignment.urgency;
  // It can be cancelled by itself; what cancels the worker cancels it as well.
  auto own = co_await asio::this_coro::cancellation_state;
  own.slot().assign([&reading](asio::cancellation_type type) { reading.stop.emit(type); });
  std::optional<Result<PageOutcome>> last_page;
  try {
    auto running = asio::co_spawn(
        executor_, deps_.reader.read(assignment.listing, due_from, reading.urgency, reading.cost),
        asio::bind_cancellation_slot(reading.stop.slot(), asio::use_awaitable));
    last_page = co_await std::move(running);
  } catch (const boost::system::system_error& error) {
    if (error.code() != asio::error::operation_aborted) throw;
  } catch (const ListingGone&) {
    // As if it had not begun: when it is looked up again, it is watched no more.
  }
  own.slot().clear();
  deps_.ledger.add(outcome.account, reading.cost);
  outcome.changes = reading.cost.inserted + reading.cost.updated + reading.cost.missing;
  readings_.erase(id);
  if (!last_page) co_return outcome;
  outcome.is_read = last_page->has_value();
  if (outcome.is_read)
    outcome.searched_for = (*last_page)->searched_for;
  else
    outcome.failure = last_page->error();
  co_return outcome;
}

void Crew::put_back(const Assignment& assignment, const Outcome& outcome) {
  const ListingId id = assignment.listing.id;
  const bool is_done = outcome.is_read || (outcome.failure && mirror_failure_of(outcome) == nullptr);
  if (!is_done || !deps_.queue.contains(id)) return deps_.queue.put_back(id);
  if (is_once_) return put_back_once(assignment, outcome);
  const Standing standing = standing_of(assignment.listing, deps_.reader.due_times(), deps_.env);
  if (outcome.is_read) deps_.hints.reading_ended(id, outcome.began, outcome.changes);
  const RunLedger::Account account{.accounted = deps_.queue.accounted(id), .began = outcome.account.began};
  deps_.queue.put_back(id, standing, outcome.account.began);
  deps_.ledger.reading_ended(account, outcome.is_read);
}

void Crew::put_back_once(const Assignment& assignment, const Outcome& outcome) {
  const ListingId id = assignment.listing.id;
  const bool may_pass = outcome.failure && outcome.failure->rule().remedy == Remedy::repeat;
  if (may_pass && had_second_chance_.insert(id).second) {
    Standing behind_all = standing_of(assignment.listing, deps_.reader.due_times(), deps_.env);
    behind_all.due = tick_of(deps_.env.steady_now());
    deps_.queue.put_back(id, behind_all, assignment.accounted);
    return;
  }
  deps_.ledger.reading_ended(outcome.account, outcome.is_read);
  deps_.queue.drop(id);
}

/// Why the mirror took nothing of what was read; null if that was not it.
const Failure* Crew::mirror_failure_of(const Outcome& outcome) {
  return outcome.failure && is_of_mirror(outcome.failure->rule().remedy) ? &*outcome.failure : nullptr;
}

void Crew::mirror_failed(Valve::Pass& pass, const Failure& failure) {
  if (failure.rule().remedy == Remedy::end || is_once_) return end(failure);
  deps_.mirror.failed(pass, failure);
}

}  // namespace couponsync
