#pragma once

#include "base/env.h"
#include "store/writer.h"
#include "sync/condition.h"
#include "sync/due_times.h"
#include "sync/events.h"
#include "sync/syncer.h"

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace couponsync {

/// What one configuration comes down to; replaced as a whole.
struct Plan {
  std::shared_ptr<Syncer> syncer;
  std::vector<ListingKey> watchlist;
};

/// How the watched listings are at one moment.
struct ListingCensus {
  std::size_t watched = 0;
  std::size_t fresh = 0;    ///< complete within the age asked for, and not failing
  std::size_t failing = 0;  ///< the last attempt failed
  Instant next_due;         ///< the soonest; absent: some are due now
};

/// Keeps the watched listings fresh: waits until some are due, syncs those, and syncs everything when asked
/// to. Due times are in the mirror, so a restart goes on where it was; one that the interval in force cannot
/// explain is not believed, and its listing is due. Listings that failed wait for others that are due, or for
/// a minute since the last run began (the interval, if that is shorter). On the io thread; what it is given
/// by reference outlives it.
class Scheduler {
 public:
  Scheduler(Env& env, Writer& writer, Events& events, Plan plan,
            const boost::asio::any_io_executor& executor);

  /// Runs until it is cancelled (operation_aborted), or returns why the mirror can never take rows again.
  Task<Failure> run();

  /// Takes effect when the run under way is over, or can do nothing in a pause of all calls, and then syncs
  /// everything. Several before that are one, and of several being taken over only the newest is to the end.
  void reload(Plan plan);
  /// Syncs everything when the run under way is over; several before that are one.
  void sync_all();

  std::size_t watched() const { return listings_.size(); }
  /// `max_age` tells what is fresh.
  ListingCensus census(std::chrono::seconds max_age) const;

 private:
  Task<Result<>> adopt_plan();
  bool is_due(const ListingState& listing, UnixSeconds now) const;
  bool failed_ones_wait() const { return env_.steady_now() < failed_ones_from_; }
  std::vector<ListingState*> due_listings(bool all);
  Task<> wait_until_due();
  /// Sleeps for so long, or until the next request.
  Task<> wait_for(std::chrono::nanoseconds time);
  Task<bool> pause_after(const Failure& failure);

  Env& env_;
  Writer& writer_;
  Events& events_;
  Plan plan_;
  std::optional<Plan> next_plan_;
  bool sync_asked_ = false;
  std::uint64_t requests_ = 0;
  std::vector<ListingState> listings_;
  DueTimes due_times_{std::chrono::seconds(1), 0};  ///< of `plan_`
  SteadyTime failed_ones_from_{};
  Condition asked_;
};

}  // namespace couponsync
