#pragma once

#include "base/coupon.h"
#include "base/failure.h"
#include "base/listing.h"
#include "base/time.h"
#include "store/sighting.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace couponsync {

/// `full`: a committed page survives a power cut. `normal`: it survives a crash of the process or a kill.
enum class Durability { full, normal };

struct MirrorOptions {
  std::filesystem::path path;
  Durability durability = Durability::full;
  std::string brand_id{};  ///< the mirror's, for good; empty: whoever's it is
};

/// Why a mirror cannot be opened or used at all; the daemon's exit code follows from it.
class MirrorError : public std::runtime_error {
 public:
  enum class Reason {
    in_use,              ///< another process writes to it (75)
    refused,             ///< not ours, another brand's, newer than this program, or damaged (65)
    unwritable,          ///< cannot be created or written, disk full (74)
    out_of_descriptors,  ///< passing: no file descriptor was left to open a file (74)
    gone,                ///< its files were removed or replaced while it was open (74)
  };
  MirrorError(Reason reason, const std::string& what) : std::runtime_error(what), reason_(reason) {}
  Reason reason() const { return reason_; }

 private:
  Reason reason_;
};

/// Where a listing stands: its `listing` row.
struct ListingState {
  ListingId id = 0;
  ListingKey key;
  Text next_page_token;  ///< the bookmark: present while a reading is under way or was interrupted
  std::int64_t pages_done = 0;
  Integer total_count;
  Instant last_started_at;
  Instant last_completed_at;
  Instant next_due_at;  ///< absent: due at once
  std::int64_t failures = 0;
  std::int64_t entries_done = 0;  ///< entries on the pages done, each as often as it came
};

/// One page to be put into the mirror together with the bookmark behind it.
struct PageCommit {
  ListingId listing = 0;
  Page page;
  std::int64_t page_index = 0;  ///< 0 begins a reading; else must be the listing's pages_done
  UnixSeconds started_at = 0;   ///< when this reading began
  Sighting seen{};              ///< when its request was sent and its reply came
  UnixSeconds next_due_at = 0;  ///< stored if this page ends the listing
  /// The reading stood still between the page before and this one: the two are not one picture.
  bool after_break = false;
  /// No reply to a request before this one can come any more.
  RequestOrder oldest_open = 0;
};

/// What a page means for the reading it belongs to.
enum class Ending {
  none,      ///< it goes on with the next page
  complete,  ///< the listing was read to its end
  /// It was read to its end, but coupons that it should hold were not listed. Rows that moved between pages
  /// while they were read explain that as well: only another reading with the same coupons tells.
  unconfirmed,
  /// Its pages do not add up to its total_count: not complete, to be read again from the start.
  inconsistent,
};

/// What a page did to the mirror. A coupon that was missing and is listed again counts as returned and, by
/// its content, as updated or unchanged.
struct PageOutcome {
  std::int64_t inserted = 0;
  std::int64_t updated = 0;
  std::int64_t unchanged = 0;
  std::int64_t missing = 0;
  std::int64_t returned = 0;
  std::int64_t unlisted = 0;
  std::int64_t listed = 0;    ///< those that were unlisted
  std::int64_t outdated = 0;  ///< of the unchanged: a later request had told about them already
  Ending ending = Ending::none;
  /// At the end: read without a break, and as many distinct coupons as total_count said. Only then it can
  /// tell what is missing.
  bool whole = false;
  Integer distinct_coupons;  ///< at the end of an unbroken reading: how many distinct coupons it had
  Integer total_count;       ///< at the end: what the first page promised
  /// At the end: coupons of the user that are searched for in listings narrowed by state. Another reading of
  /// all the user's listings, in the order of kCouponStates, finds them or tells what became of them.
  std::int64_t searched_for = 0;
  ListingState listing;  ///< its row behind this page
};

/// A listing that could not be read on.
struct ListingFailure {
  ListingId listing = 0;
  UnixSeconds started_at = 0;
  UnixSeconds next_due_at = 0;
  std::string code;
  std::string message;
  std::string request_id;
};

/// What one sync did; `sync_run`'s columns and the summary of `once`.
struct RunCounters {
  std::int64_t listings_total = 0;
  std::int64_t listings_ok = 0;
  std::int64_t listings_failed = 0;
  std::int64_t pages = 0;
  std::int64_t requests = 0;
  std::int64_t coupons_seen = 0;
  std::int64_t inserted = 0;
  std::int64_t updated = 0;
  std::int64_t unchanged = 0;
  std::int64_t missing = 0;
  std::int64_t rate_limited = 0;
  std::int64_t retries = 0;
  std::int64_t failovers = 0;
  std::int64_t bytes = 0;
  double seconds = 0;
};

enum class RunTrigger { start, interval, sighup, once };
std::string_view name_of(RunTrigger trigger);

using RunId = std::int64_t;

/// A `sync_run` row that never finished.
struct InterruptedRun {
  RunId id = 0;
  UnixSeconds started_at = 0;
};

/// What was learned about the brand's quota: the pace, where it was cut last, and when.
struct LearnedQuota {
  double requests_per_second = 0;
  double peak_requests_per_second = 0;
  UnixSeconds last_cut_at = 0;
  UnixSeconds observed_at = 0;
};

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
  /// Makes `keys` the watched listings, adding rows for new ones, and returns where each stands, in the order
  /// given.
  std::vector<ListingState> set_watchlist(std::span<const ListingKey> keys);
  /// The same in parts: watches these as well; and, after the last of them, nothing but those.
  std::vector<ListingState> watch(std::span<const ListingKey> keys);
  void unwatch_all_but(std::span<const ListingId> listings);
  /// Upserts the page's rows, appends to the change feed, moves the bookmark. Same data again changes no row.
  PageOutcome apply_page(const PageCommit& commit);
  /// Counts the failure, sets when the listing is due again, and returns its row. The bookmark is kept,
  /// unless reading failed at it before.
  ListingState record_failure(const ListingFailure& failure);
  /// Forgets the listing's bookmark, so that it is read from its start; returns its row.
  ListingState drop_bookmark(ListingId listing);

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

/// The DDL of a new mirror: all migrations and views, as `couponsyncd schema` prints it.
std::string_view schema_ddl();

/// The schema version this program writes (`user_version`).
int schema_version();

}  // namespace couponsync
