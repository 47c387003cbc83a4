#pragma once

#include "store/writer.h"
#include "sync/client.h"
#include "sync/events.h"
#include "sync/pager.h"
#include "sync/run_ledger.h"
#include "sync/sending_pause.h"

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace couponsync {

struct SyncOptions {
  int concurrency = 32;  ///< listings read at once; each has one call in flight at most
  ClientOptions client;
  PagerOptions pager;
};

struct RunReport {
  RunCounters counters;
  /// What stopped the run before its last listing, whatever single listings met meanwhile: the mirror takes
  /// no rows, the API refused the credentials, or, of a `once`, no domain worked.
  std::optional<Failure> stopped_by;
  bool left = false;  ///< it was broken off in a pause because `leave_pauses` asked for it
};

/// Some of these, spread over all, that did not fail last time: they may be asked as witnesses.
std::vector<ListingKey> witnesses_among(const std::vector<ListingState>& listings);

/// Reads many listings, several at once: one run. On the io thread; what it is given by reference outlives
/// it. One run at a time.
class Syncer {
 public:
  struct Parts {
    Env& env;
    RateController& rate;
    DomainSelector& domains;
    Writer& writer;
    SendingPause& pause;
    Events& events;
  };

  Syncer(Parts parts, Exchange exchange, SyncOptions options, boost::asio::any_io_executor executor);
  Syncer(const Syncer&) = delete;
  Syncer& operator=(const Syncer&) = delete;

  /// Reads `listings` in their order and keeps them equal to their rows. While no domain works it waits; a
  /// `once` for 40 s: longer than what passes by itself, and not so long that it seems to hang. A `once`
  /// gives listings that failed for a passing reason a second chance at its end. `already_read` listings
  /// count as read, for a run that continues an interrupted one. A run that is stopped, or cancelled, keeps
  /// what it committed and fails no listing for it; in the service, and where it is cancelled, it stays
  /// unfinished in the mirror, with its counters.
  Task<RunReport> run(RunTrigger trigger, std::vector<ListingState*> listings, std::int64_t already_read = 0);

  /// Listings beyond those of a run that may be asked to find out whether a failure is one listing's own.
  void set_witnesses(std::vector<ListingKey> witnesses) { witnesses_ = std::move(witnesses); }
  /// A run under way ends as soon as all calls are held back anyway: there is something better to do.
  void leave_pauses() { client_.leave_pauses(); }
  std::chrono::seconds interval() const { return options_.pager.interval; }

  /// The present or last run's, for progress.
  const RunCounters& counters() const { return counters_; }

 private:
  struct Run;

  std::vector<ListingKey> candidates(const Run& run) const;
  Task<> read_all(Run& run);
  Task<> run_workers(Run& run);
  Task<> work(Run& run);
  Task<bool> read_group(Run& run, std::span<ListingState* const> group);
  void note_failure(Run& run, ListingState& listing, const Failure& failure);
  Task<> read_once_more(Run& run, std::span<ListingState* const> group);
  void take_failed_again(Run& run);
  /// Notes what was learned about the quota, if it changed since it was noted.
  Task<Result<>> keep_quota();

  Parts parts_;
  SyncOptions options_;
  boost::asio::any_io_executor executor_;
  RunCounters counters_;
  SteadyTime quota_kept_at_;
  std::optional<LearnedRate> quota_kept_;
  std::vector<ListingKey> witnesses_;
  RunLedger ledger_;
  Client client_;
  Pager pager_;
};

}  // namespace couponsync
