#pragma once

#include "base/env.h"
#include "store/writer.h"
#include "sync/client.h"
#include "sync/due_queue.h"
#include "sync/events.h"
#include "sync/hints.h"
#include "sync/listing_reader.h"
#include "sync/mirror_gate.h"
#include "sync/run_ledger.h"
#include "sync/task_group.h"
#include "sync/valve.h"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>

#include <cstddef>
#include <deque>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace couponsync {

/// The tick of now. Between two of them lies a second.
Tick tick_of(SteadyTime time);
/// How that listing stands. A due time that the interval in force cannot explain is not believed.
Standing standing_of(const Listing& listing, const DueTimes& due_times, const Env& env);

/// Workers who take what is due next, read it, and put it back, for ever: no reading waits for another one.
/// One user's listings narrowed by state are read one after another by one worker, in the order of
/// kCouponStates, so that a coupon that moves on meanwhile is met in the state it moved to (see
/// AbsenceSearch); and once more at once where coupons are searched for. What was hinted has workers of its
/// own beside those, for all others may be deep in long listings. On the io thread; what it is given by
/// reference outlives it.
class Crew {
 public:
  struct Deps {
    Env& env;
    Writer& writer;
    Events& events;
    Client& client;
    MirrorGate& mirror;
    ListingReader& reader;
    DueQueue& queue;
    RunLedger& ledger;
    Hints& hints;
  };

  Crew(Deps deps, const boost::asio::any_io_executor& executor);

  /// How many read at once. Who is too many ends with what he is reading.
  void resize(std::size_t workers);
  /// Works until it is cancelled, which its caller sees at its own cancellation state, or `stop` was called.
  Task<> run();
  /// From now on each listing is read once, and one that failed for a passing reason once more behind all
  /// others; `run` ends when nothing is left in the queue, or the mirror takes no rows.
  void read_once() { is_once_ = true; }
  /// Cancels all readings, and `run` ends.
  void stop();
  /// The same, because the mirror can never take rows again.
  void end(const Failure& why);
  /// The listing was hinted: if it waits for a worker already, it goes before those that were not; if it is
  /// being read, its calls do.
  void hinted(ListingId listing);
  /// What was done with that pass failed because the mirror takes no rows, for now or for good.
  void mirror_failed(Valve::Pass& pass, const Failure& failure);
  /// Something in the queue changed.
  void look_again() { changed_.notify_all(); }
  /// The listing is watched no more: whatever is done for it ends.
  void stop_reading(ListingId listing);

  /// Why the mirror takes no rows: the gravest failure that ended it.
  const std::optional<Failure>& mirror_failure() const { return mirror_failure_; }
  /// What the readings under way have cost so far.
  RunCounters under_way() const;

 private:
  struct Assignment {
    Listing listing;
    PassNumber accounted = 0;
    Urgency urgency = Urgency::ordinary;
  };
  using Group = std::vector<Assignment>;
  struct Reading {
    boost::asio::cancellation_signal stop;
    Urgency urgency = Urgency::ordinary;
    RunCounters cost;
  };
  struct Outcome {
    bool is_read = false;
    std::optional<Failure> failure{};  ///< neither: it was cancelled
    std::int64_t searched_for = 0;
    RunLedger::Account account{};
    SteadyTime began{};
    std::int64_t changes = 0;
  };

  Task<> work();
  Task<> work_on_hints();
  Task<std::optional<Group>> next_group(Urgency least);
  Task<Result<>> load_groups();
  bool is_dry() const { return is_once_ && deps_.queue.size() == 0; }
  bool has_loaded(Urgency least) const;
  std::optional<Group> take_loaded(Urgency least);
  std::optional<Group> take_loaded(std::deque<Group>& loaded);
  void make_urgent(std::deque<Group>::iterator group);
  Task<> read_group(Group group);
  Task<Outcome> read_one(Assignment& assignment, UnixSeconds due_from);
  void put_back(const Assignment& assignment, const Outcome& outcome);
  void put_back_once(const Assignment& assignment, const Outcome& outcome);
  static const Failure* mirror_failure_of(const Outcome& outcome);

  Deps deps_;
  boost::asio::any_io_executor executor_;
  bool is_once_ = false;
  bool is_running_ = false;
  bool is_stopping_ = false;
  std::size_t size_ = 0;
  std::size_t staying_ = 0;  ///< workers who have not found that they are too many
  TaskGroup workers_;
  Condition changed_;
  std::optional<Failure> mirror_failure_;
  bool is_loading_ = false;
  std::deque<Group> loaded_hinted_;
  std::deque<Group> loaded_;
  std::unordered_map<ListingId, Reading> readings_;
  std::unordered_set<ListingId> had_second_chance_;
};

}  // namespace couponsync
