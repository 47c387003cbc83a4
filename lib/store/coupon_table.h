#pragma once

#include "base/listing.h"
#include "store/mirror.h"
#include "store/sql.h"

#include <cstdint>
#include <string>
#include <vector>

namespace couponsync {

/// `coupon`, `usage_detail` and `coupon_change`. Throws SQLite::Exception.
class CouponTable {
 public:
  explicit CouponTable(SQLite::Database& database);

  struct Effect {
    enum class Kind { inserted, updated, unchanged };
    std::int64_t coupon_id = 0;
    Kind kind = Kind::unchanged;
    bool returned = false;  ///< it was missing
  };
  /// Stores a coupon that is listed; one that is stored with these contents already is only read.
  Effect store(const ListingKey& listing, const Coupon& coupon, UnixSeconds observed_at);

  struct Present {
    std::int64_t coupon_id;
    Text state;
  };
  /// The user's coupons that are not missing and that, as far as the mirror knows, this listing must hold.
  std::vector<Present> expected_in(const ListingKey& listing);
  void mark_missing(const Present& coupon, UnixSeconds observed_at);

 private:
  struct Known {
    std::int64_t id = 0;
    std::optional<Digest> content_hash;
    bool missing = false;
    Text state;
    Integer usage_total_count;
    Integer usage_used_count;
  };

  std::optional<Known> find(const ListingKey& listing, const Coupon& coupon);
  void upsert(const ListingKey& listing, const Coupon& coupon, UnixSeconds observed_at);
  bool store_usage(std::int64_t coupon_id, const std::vector<UsageDetail>& details);
  void update(const Known& known, const ListingKey& listing, const Coupon& coupon, UnixSeconds observed_at);
  void append_change(UnixSeconds observed_at, std::int64_t coupon_id, const std::string& kind,
                     const Text& from, const Text& to);

  SQLite::Database& database_;
  Statement find_;
  Statement upsert_;
  Statement return_;
  Statement mark_missing_;
  Statement expected_;
  Statement upsert_usage_;
  Statement prune_usage_;
  Statement append_change_;
};

}  // namespace couponsync
