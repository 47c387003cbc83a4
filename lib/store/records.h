#pragma once

#include "base/coupon.h"
#include "base/listing.h"
#include "base/time.h"
#include "store/sighting.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace couponsync {

/// Where a listing stands: its `listing` row.
struct Listing {
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
  Instant last_probed_at;         ///< the last page of a part of it
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

/// One page of a reading of a part of a listing: its first page alone, or what a filter leaves of it. It adds
/// and updates rows like any page, and proves nothing: nothing is missing by it, and the listing's bookmark
/// and its whole readings stay as they are.
struct ProbeCommit {
  ListingId listing = 0;
  Page page;
  Sighting seen{};
  RequestOrder oldest_open = 0;  ///< as in PageCommit
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
  bool is_complete_picture = false;
  Integer distinct_coupons;  ///< at the end of an unbroken reading: how many distinct coupons it had
  Integer total_count;       ///< at the end: what the first page promised
  /// At the end: coupons of the user that are searched for in listings narrowed by state. Another reading of
  /// all the user's listings, in the order of kCouponStates, finds them or tells what became of them.
  std::int64_t searched_for = 0;
  Listing after;  ///< the listing's row behind this page
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

}  // namespace couponsync
