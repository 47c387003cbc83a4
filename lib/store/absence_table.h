#pragma once

#include "base/listing.h"
#include "store/coupon_table.h"
#include "store/sql.h"

#include <vector>

namespace couponsync {

/// `absence`: coupons that the listing of their state no longer shows. Such a coupon may be in another state
/// by now, so it is missing only once the user's other listings that could show it have been read since, too.
/// Throws SQLite::Exception.
class AbsenceTable {
 public:
  explicit AbsenceTable(SQLite::Database& database);

  /// The coupons that this listing, just read whole, should hold and did not; those it lacked before keep
  /// their time.
  void replace(ListingId listing, const std::vector<CouponTable::Present>& absent, UnixSeconds observed_at);
  /// The user's coupons that no listing can be holding any more. A listing without a state decides on its own
  /// coupons itself.
  std::vector<CouponTable::Present> ruled_out(const ListingKey& listing);

 private:
  Statement insert_;
  Statement prune_;
  Statement ruled_out_;
};

}  // namespace couponsync
