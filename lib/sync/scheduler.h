#pragma once

#include "base/env.h"
#include "base/listing_set.h"
#include "net/rate_controller.h"
#include "store/writer.h"
#include "sync/client.h"
#include "sync/condition.h"
#include "sync/crew.h"
#include "sync/due_queue.h"
#include "sync/events.h"
#include "sync/hints.h"
#include "sync/listing_reader.h"
#include "sync/mirror_gate.h"
#include "sync/run_ledger.h"
#include "sync/sending_pause.h"
#include "sync/session.h"

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace couponsync {

/// What one configuration comes down to.
struct Plan {
  std::shared_ptr<Session> session;
  std::shared_ptr<const ListingSet> watchlist;
  std::chrono::seconds interval{900};
  std::size_t concurrency = 32;
};

/// What a `once` came to.
struct OnceReport {
  RunCounters counters;
  /// What ended it before its last listing, whatever single listings met meanwhile: the mirror takes no rows,
  /// the API refused the credentials, no domain worked, or every call was refused as too fast.
  std::optional<Failure> stopped_by;
};

/// Keeps the watched listings fresh. It owns the queue of what is due; time, a reload, a request for
/// everything, a failure, only change that queue, from which the crew takes for ever. Due times are in the
/// mirror, so that a restart goes on where it was. On the io thread; what it is given by reference outlives
/// it.
class Scheduler {
 public:
  struct Deps {
    Env& env;
    RateController& rate;
    Writer& writer;
    SendingPause& pause;
    Events& events;
  };

  Scheduler(Deps deps, Plan plan, const boost::asio::any_io_executor& executor);

  /// Runs until it is cancelled (operation_aborted), or returns why the mirror can never take rows again.
  Task<Failure> run();

  /// Reads the listings of `chosen`, all if it is null, once, while all of the plan are watched. Those that
  /// were complete at `since` or later, and no bookmark, count as read. While no domain works it waits, for
  /// as long as `patience` says. Cancelled, it keeps what it committed, stays unfinished in the mirror, with
  /// its counters, and throws operation_aborted.
  struct Once {
    const std::vector<bool>* chosen = nullptr;
    Instant since{};
    std::chrono::seconds patience{40};  ///< longer than what passes by itself, and not so long that it hangs
  };
  Task<OnceReport> once(Once what);

  /// From the next call, and the next listing, on; the watchlist is taken over beside the work, of several
  /// only the newest to the end. Then, as by `sync_all`, everything is read.
  void reload(Plan plan);
  /// Asks for everything, now.
  void sync_all();
  /// Somebody says that this user's coupons changed: the user's listings are read next, and again a while
  /// later. An empty appid: of any. False if the user is not on the watchlist.
  bool hint(std::string_view appid, const Openid& openid, HintSource source);

  /// The watchlist of the start is in the mirror, or nearly so: reading goes on meanwhile.
  bool is_adopted() const { return is_adopted_; }
  const ListingCensus& census() const { return queue_.census(); }
  /// Those that were read to their end within `max_age`, and do not fail.
  std::size_t fresh(std::chrono::seconds max_age) const;
  /// When the next listing is due, in seconds from now; 0: some are due now; nothing: none is watched, or all
  /// are being read.
  std::optional<std::chrono::seconds> next_due_in() const;
  /// The newest pass's counters, with what is under way.
  RunCounters counters() const;

 private:
  struct Watched {
    Fingerprint fingerprint{};
    ListingId id = 0;
  };

  void use(const Plan& plan);
  Task<> work_until_the_end(TaskGroup& tasks);
  Task<> adopt_for_ever();
  Task<Result<>> adopt(std::shared_ptr<const ListingSet> wanted);
  std::vector<ListingId> stop_watching(const ListingSet& wanted);
  Task<Result<>> watch_unknown(const ListingSet& wanted);
  bool was_read_since(const Listing& listing, Instant since) const;
  void add(const Listing& listing, const ListingSet::Indexed& entry);
  void merge_added();
  bool hint(const Fingerprint& fingerprint, HintSource source);
  Task<Result<>> unwatch(std::vector<ListingId> gone);
  Task<Result<>> unwatch_strays();
  bool is_superseded() const { return next_watchlist_ != nullptr; }
  Task<> keep_quota_for_ever();
  bool is_known(const LearnedRate& learned) const;
  Task<Result<>> keep_quota();
  Task<> give_up_when_hopeless(std::chrono::seconds patience, std::optional<Failure>& why);

  Deps deps_;
  boost::asio::any_io_executor executor_;
  DueQueue queue_;
  Hints hints_;
  RunLedger ledger_;
  Client client_;
  MirrorGate mirror_;
  ListingReader reader_;
  Crew crew_;
  std::vector<Watched> watched_;              ///< in the order of their fingerprints
  std::vector<Watched> added_;                ///< not in `watched_` yet
  std::shared_ptr<const ListingSet> wanted_;  ///< the newest watchlist
  std::shared_ptr<const ListingSet> next_watchlist_;
  std::map<Fingerprint, HintSource> early_hints_;  ///< of listings that are being taken over
  /// When what is added is due; absent: as its row says. What a reload adds comes before all that waits.
  std::optional<Tick> added_due_;
  bool is_adopted_ = false;
  bool is_adopting_ = false;
  bool has_strays_ = true;
  std::optional<Once> once_;
  std::optional<LearnedRate> quota_kept_;
  Condition changed_;
};

}  // namespace couponsync
