#include "store/absence_table.h"

#include "store/key_list.h"

namespace couponsync {
namespace {

constexpr const char* kRuledOutSql =
    "SELECT c.id, c.coupon_state FROM absence AS a"
    " JOIN coupon AS c ON c.id = a.coupon_id AND c.missing_since IS NULL"
    " JOIN listing AS l ON l.id = a.listing_id AND l.watched = 1 AND l.coupon_state = c.coupon_state"
    " LEFT JOIN stock AS s ON s.stock_id = c.stock_id"
    " WHERE c.appid = ?1 AND c.openid = ?2 AND NOT EXISTS ("
    "SELECT 1 FROM listing AS other WHERE other.appid = c.appid AND other.openid = c.openid"
    " AND other.watched = 1 AND other.id <> l.id"
    " AND (other.stock_id = '' OR other.stock_id = c.stock_id)"
    " AND (other.product_coupon_id = ''"
    " OR other.product_coupon_id IN (c.product_coupon_id, s.product_coupon_id))"
    " AND (other.coupon_state = '' OR coalesce(other.last_whole_at, 0) < a.since))";

}  // namespace

AbsenceTable::AbsenceTable(SQLite::Database& database)
    : insert_(database,
              "INSERT INTO absence (listing_id, coupon_id, since) VALUES (?1, ?2, ?3)"
              " ON CONFLICT (listing_id, coupon_id) DO NOTHING"),
      prune_(database,
             "DELETE FROM absence WHERE listing_id = ?1"
             " AND coupon_id NOT IN (SELECT CAST(value AS INTEGER) FROM json_each(?2))"),
      ruled_out_(database, kRuledOutSql) {}

void AbsenceTable::replace(ListingId listing, const std::vector<CouponTable::Present>& absent,
                           UnixSeconds observed_at) {
  KeyList kept;
  for (const CouponTable::Present& coupon : absent) {
    insert_.run(listing, coupon.coupon_id, observed_at);
    kept.add(coupon.coupon_id);
  }
  prune_.run(listing, kept.json());
}

std::vector<CouponTable::Present> AbsenceTable::ruled_out(const ListingKey& listing) {
  std::vector<CouponTable::Present> coupons;
  ruled_out_.query(
      [&](const Row& row) {
        coupons.push_back({row.integer(0).value(), row.text(1)});
      },
      listing.appid, listing.openid.reveal());
  return coupons;
}

}  // namespace couponsync
