#pragma once

#include "store/absence_table.h"
#include "store/coupon_table.h"
#include "store/records.h"
#include "store/unbroken_readings.h"

#include <span>
#include <vector>

namespace couponsync {

/// Decides what the end of a whole reading says of coupons that it did not hold. A listing of all states
/// tells by itself what is missing; of those narrowed by state, each is one piece of evidence in a search
/// (see AbsenceSearch). On the database thread, in the page's transaction.
class AbsenceFinder {
 public:
  AbsenceFinder(CouponTable& coupons, AbsenceTable& absences, SightingLog& log)
      : coupons_(coupons), absences_(absences), log_(log) {}

  /// A reading that is whole and ended with this page.
  struct Finished {
    const Listing& listing;
    const PageCommit& last_page;
    const UnbrokenReading& reading;
    std::vector<WatchedListing>& watched;  ///< the user's
  };

  /// Whether coupons are in question that the reading did not hold.
  bool is_wanted(const Finished& finished);
  /// Of a reading that is one moment: marks what is missing or unlisted by now, and counts it.
  void conclude(const Finished& finished, PageOutcome& outcome);

 private:
  using Present = CouponTable::Present;

  std::vector<Present> absent_from(const Finished& finished);
  bool is_searched_in(const Finished& finished);
  void begin_searches(const Finished& finished, const std::vector<Present>& absent);
  void note_missing(const Finished& finished, std::int64_t coupon, RequestOrder order);
  void advance_searches(const Finished& finished, PageOutcome& outcome);

  CouponTable& coupons_;
  AbsenceTable& absences_;
  SightingLog& log_;
};

}  // namespace couponsync
