#pragma once

#include "base/listing.h"
#include "store/records.h"
#include "store/sighting_log.h"

#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace couponsync {

/// One listing being read without a break since its first page, in this process.
struct UnbrokenReading {
  using CouponIds = std::unordered_set<std::int64_t>;

  SightingLog::User user = 0;
  RequestOrder began = 0;            ///< its first request
  Integer promised;                  ///< the first page's total_count
  bool contradicted = false;         ///< by a later page's
  std::int64_t refused_entries = 0;  ///< on its pages, which name no coupon
  bool is_finished = false;          ///< kept only to be compared with the next one
  CouponIds seen;                    ///< ids of the coupons on its pages
  /// Ids of the coupons on pages of the user's other listings that came after this reading began.
  CouponIds listed_elsewhere;
  /// What the reading just before had seen, if it ended unconfirmed.
  std::optional<CouponIds> seen_before;

  /// Its pages are not one picture of the listing. A refused entry may be a coupon that another entry shows.
  bool is_inconsistent() const {
    const auto distinct = static_cast<std::int64_t>(seen.size());
    return contradicted || (promised && (*promised < distinct || *promised > distinct + refused_entries));
  }
  bool is_complete() const { return promised && refused_entries == 0 && !is_inconsistent(); }
  /// Coupons came or went between the pages of neither of two readings in a row that show the same.
  bool is_confirmed() const { return seen_before == seen; }
  /// A coupon that another listing shows meanwhile exists, even if this one came too early for it.
  bool lacks(std::int64_t coupon) const {
    return !seen.contains(coupon) && !listed_elsewhere.contains(coupon);
  }
};

/// The unbroken readings. One that fails, is taken up again after a failure, a pause or a restart, or whose
/// page was taken back, is not among them, and so is no evidence of what is missing.
class UnbrokenReadings {
 public:
  /// A reading's next page: the first one begins it anew. None for one that had a break.
  UnbrokenReading* continue_with(const Listing& listing, const PageCommit& page, const SightingLog& log);
  /// Notes which coupons a page of this listing had, for all readings of its user.
  void note_seen(ListingId listing, SightingLog::User user, const std::vector<std::int64_t>& coupons,
                 RequestOrder received);

  /// Keeps an unconfirmed reading for the next one to be compared with.
  void keep_to_compare(ListingId listing) { readings_.at(listing).is_finished = true; }
  void drop(ListingId listing) { readings_.erase(listing); }
  void clear() { readings_.clear(); }

 private:
  std::unordered_map<ListingId, UnbrokenReading> readings_;
};

}  // namespace couponsync
