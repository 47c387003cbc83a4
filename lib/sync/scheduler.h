#pragma once

#include "base/env.h"
#include "store/writer.h"
#include "sync/condition.h"
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
/// to. Due times are in the mirror, so a restart goes on where it was. On the io thread; what it is given by
/// reference outlives it.
class Scheduler {
 public:
  Scheduler(Env& env, Writer& writer, Events& events, Plan plan,
            const boost::asio::any_io_executor& executor);

  /// Runs until it is cancelled (operation_aborted), or returns why the mirror can never take rows again.
  Task<Failure> run();

  /// Takes effect when the run under way is over, and then syncs everything. Several before that are one.
  void reload(Plan plan);
  /// Syncs everything when the run under way is over; several before that are one.
  void sync_all();

  std::size_t watched() const { return listings_.size(); }
  /// `max_age` tells what is fresh.
  ListingCensus census(std::chrono::seconds max_age) const;

 private:
  Task<Result<>> adopt_plan();
  std::vector<ListingState*> due_listings(UnixSeconds now, bool all);
  UnixSeconds next_due(UnixSeconds now) const;
  /// Sleeps until then, or until the next request.
  Task<> wait_until(UnixSeconds wall_time);
  Task<bool> pause_after(const Failure& failure);

  Env& env_;
  Writer& writer_;
  Events& events_;
  Plan plan_;
  std::optional<Plan> next_plan_;
  bool sync_asked_ = false;
  std::uint64_t requests_ = 0;
  std::vector<ListingState> listings_;
  Condition asked_;
};

}  // namespace couponsync
