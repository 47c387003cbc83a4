#pragma once

#include "store/writer.h"
#include "sync/client.h"
#include "sync/events.h"
#include "sync/pager.h"

#include <boost/asio/any_io_executor.hpp>

#include <optional>
#include <span>
#include <vector>

namespace couponsync {

struct SyncOptions {
  int concurrency = 32;  ///< listings read at once; each has one call in flight at most
  ClientOptions client;
  PagerOptions pager;
};

struct RunReport {
  RunCounters counters;
  /// What stopped the run before its last listing: the API refused the credentials, or the mirror takes no
  /// rows.
  std::optional<Failure> stopped_by;
};

/// Reads many listings, several at once: one run, one `sync_run` row. On the io thread; what it is given by
/// reference outlives it. One run at a time.
class Syncer {
 public:
  struct Parts {
    Env& env;
    RateController& rate;
    DomainSelector& domains;
    Writer& writer;
    Events& events;
  };

  Syncer(Parts parts, Exchange exchange, SyncOptions options, boost::asio::any_io_executor executor);
  Syncer(const Syncer&) = delete;
  Syncer& operator=(const Syncer&) = delete;

  /// Reads `listings` in their order and keeps them equal to their rows. A `once` gives listings that failed
  /// for a passing reason a second chance at its end. `already_read` listings count as read, for a run that
  /// continues an interrupted one. Cancellable: the run is then left unfinished in the mirror, with its
  /// counters.
  Task<RunReport> run(RunTrigger trigger, std::vector<ListingState*> listings, std::int64_t already_read = 0);

  /// The present or last run's, for progress.
  const RunCounters& counters() const { return counters_; }

 private:
  struct Run;

  Task<> read_all(Run& run);
  Task<> work(Run& run);
  Task<bool> read_group(Run& run, std::span<ListingState* const> group);
  void note_failure(Run& run, ListingState& listing, const Failure& failure) const;
  Task<> read_once_more(Run& run, std::span<ListingState* const> group);
  void take_failed_again(Run& run) const;
  /// Notes what was learned about the quota, if it changed since it was noted.
  Task<Result<>> keep_quota();

  Parts parts_;
  SyncOptions options_;
  boost::asio::any_io_executor executor_;
  RunCounters counters_;
  SteadyTime quota_kept_at_;
  std::optional<LearnedRate> quota_kept_;
  Client client_;
  Pager pager_;
};

}  // namespace couponsync
