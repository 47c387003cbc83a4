#pragma once

#include "base/listing.h"
#include "store/absence_search.h"
#include "store/sighting.h"
#include "store/sighting_log.h"
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
    bool returned = false;      ///< it was missing
    bool listed = false;        ///< it was unlisted
    bool searched_for = false;  ///< it is in `absence`
    bool outdated = false;      ///< a later request has told about it already: nothing was stored
  };
  /// Where and when a coupon was listed, and what later requests have told about the user's coupons.
  struct Listed {
    const ListingKey& listing;
    SightingLog::User user;
    const Sighting& seen;
    const SightingLog& log;
  };
  /// Stores a coupon that is listed; one that is stored with these contents already is only read.
  Effect store(const Coupon& coupon, const Listed& listed);

  struct Present {
    std::int64_t coupon_id = 0;
    Text state;
    CouponScope scope;
    bool is_unlisted = false;
  };
  /// The user's coupons that are not missing and that, in the right state, this listing must hold as far as
  /// the mirror knows.
  std::vector<Present> in_scope_of(const ListingKey& listing);
  void mark_missing(std::int64_t coupon, const Text& state, UnixSeconds observed_at);
  /// `since`: when the first of the listings that could show it did not.
  void mark_unlisted(std::int64_t coupon, const Text& state, UnixSeconds since, UnixSeconds observed_at);

 private:
  struct Known {
    std::int64_t id = 0;
    std::optional<Digest> content_hash;
    bool missing = false;
    bool unlisted = false;
    bool searched_for = false;
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
  Statement mark_unlisted_;
  Statement in_scope_;
  Statement upsert_usage_;
  Statement prune_usage_;
  Statement append_change_;
};

}  // namespace couponsync
