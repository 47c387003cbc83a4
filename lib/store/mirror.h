#pragma once

#include "store/mirror_error.h"
#include "store/mirror_options.h"
#include "store/records.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace couponsync {

class LockPatience;

/// The SQLite mirror: the one writing connection in the world, held by a lock file beside it.
///
/// Every function runs in a transaction: on its own, or in the one `begin`/`commit` opened, where it is a
/// savepoint, so that one page that fails takes nothing else with it. Not thread-safe: owned by the Writer,
/// used on its database thread (and before that thread starts). Functions throw MirrorError, and
/// std::logic_error where the caller is wrong: a listing that is not there, a page out of turn.
class Mirror {
 public:
  /// Creates or opens the file, checks that it is ours, takes the writer lock and migrates. Throws
  /// MirrorError.
  static Mirror open(const MirrorOptions& options);
  Mirror(Mirror&&) noexcept;
  Mirror& operator=(Mirror&&) noexcept;
  ~Mirror();

  /// The key under which this mirror's logs name openids; random, made with the mirror.
  std::vector<std::byte> redaction_key() const;

  void begin();
  void commit();
  void rollback() noexcept;

  /// How many listings are watched.
  std::int64_t watched_listings() const;
  /// Watches these as well, adding rows for new ones, and returns where each stands, in the order given.
  std::vector<Listing> watch(std::span<const ListingKey> keys);
  void unwatch(std::span<const ListingId> listings);
  /// Those that are watched, in the order of their numbers: the first `most` behind `after`.
  std::vector<ListingId> watched_after(ListingId after, std::size_t most) const;
  /// Where each of these stands; one narrowed by state together with the others of its user that are watched
  /// and narrowed by state, in the order of kCouponStates. None for one whose row is gone.
  std::vector<std::vector<Listing>> load(std::span<const ListingId> listings) const;
  /// Upserts the page's rows, appends to the change feed, moves the bookmark. Same data again changes no row.
  PageOutcome apply_page(const PageCommit& commit);
  /// Upserts the page's rows and appends to the change feed in the same way, and notes when that was.
  PageOutcome apply_probe(const ProbeCommit& commit);
  /// Counts the failure, sets when the listing is due again, and returns its row. The bookmark is kept,
  /// unless reading failed at it before.
  Listing record_failure(const ListingFailure& failure);
  /// Forgets the listing's bookmark, so that it is read from its start; returns its row.
  Listing drop_bookmark(ListingId listing);

  /// Greater than every RequestOrder this mirror has seen.
  RequestOrder first_request_order() const;

  RunId start_run(RunTrigger trigger, UnixSeconds now);
  /// Stores the counters; `finished_at` is absent for a run that was interrupted.
  void finish_run(RunId run, const RunCounters& counters, Instant finished_at);
  /// The last run, if it was a `once` that never finished.
  std::optional<InterruptedRun> interrupted_once() const;

  /// Replaces what was kept.
  void keep_quota(const LearnedQuota& quota);
  std::optional<LearnedQuota> learned_quota() const;

  /// How long it waits for the locks of other programs: 5 s for each, unless told otherwise.
  std::shared_ptr<LockPatience> lock_patience() const;

  /// Bounds the WAL; called outside a transaction, after a burst of commits. False: to be tried again in a
  /// moment, since another program may be writing to the file.
  bool checkpoint();
  /// Throws MirrorError (gone) if the mirror's files are not what was opened; called now and then while there
  /// is nothing to do. Each commit does it by itself. Whatever comes after it throws the same.
  void require_intact();
  /// Closes the file with an empty WAL, so that a copy put in its place is safe: done by the destructor, too.
  /// What is left in the WAL, in bytes: 0, unless a reader holds it, it cannot be moved, or the mirror is
  /// gone. Nothing may be called after it.
  std::uintmax_t close() noexcept;
  /// The WAL grew so much since the last checkpoint that it should not wait for the burst's end.
  bool checkpoint_due() const;

 private:
  struct Impl;
  explicit Mirror(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace couponsync
