#pragma once

#include "base/listing.h"
#include "store/absence_search.h"
#include "store/sql.h"

#include <cstdint>
#include <vector>

namespace couponsync {

/// A coupon that listings narrowed by state no longer show, as far as the search for it has come.
struct Absence {
  std::int64_t coupon_id = 0;
  Text state{};  ///< the coupon's, as last seen
  CouponScope scope{};
  bool is_unlisted = false;  ///< is known to be in no watched listing; whether it is missing is still open
  UnixSeconds since = 0;     ///< when a listing first lacked it
  RequestOrder since_order = 0;  ///< the first request of that reading
  AbsenceSearch search{};
};

/// `absence`. Throws SQLite::Exception.
class AbsenceTable {
 public:
  explicit AbsenceTable(SQLite::Database& database);

  /// Does nothing for a coupon that is searched for already.
  void add(const Absence& absence);
  void update(const Absence& absence);
  void remove(std::int64_t coupon);
  /// Those of the coupons of this user that are not missing.
  std::vector<Absence> of_user(const ListingKey& listing);

 private:
  Statement add_;
  Statement update_;
  Statement remove_;
  Statement of_user_;
};

}  // namespace couponsync
