#include "store/coupon_table.h"

#include "store/fields.h"
#include "store/key_list.h"

namespace couponsync {
namespace {

std::string upsert_coupon_sql() {
  Upsert upsert{.table = "coupon",
                .keys = {"appid", "openid", "stock_id", "coupon_code"},
                .insert_only = {"first_seen_at"},
                .columns = columns_of(kCouponFields)};
  upsert.columns.insert(upsert.columns.end(), {"changed_at", "missing_since"});
  return upsert.sql();
}

std::string upsert_usage_sql() {
  return Upsert{.table = "usage_detail",
                .keys = {"coupon_id", "usage_mode", "item_index"},
                .insert_only = {},
                .columns = columns_of(kUsageFields),
                .only_if_different = true}
      .sql();
}

// A stock may belong to another product than the entry it came with says. Only a coupon of which both say
// the filter's product (or one of them, and the other nothing) must be in the listing.
constexpr const char* kExpectedSql =
    "SELECT c.id, c.coupon_state FROM coupon AS c LEFT JOIN stock AS s ON s.stock_id = c.stock_id"
    " WHERE c.appid = ?1 AND c.openid = ?2 AND c.missing_since IS NULL"
    " AND (?3 = '' OR ?3 = c.stock_id)"
    " AND (?4 = '' OR (?4 = coalesce(c.product_coupon_id, s.product_coupon_id)"
    " AND ?4 = coalesce(s.product_coupon_id, c.product_coupon_id)))"
    " AND (?5 = '' OR ?5 = c.coupon_state)";

}  // namespace

CouponTable::CouponTable(SQLite::Database& database)
    : database_(database),
      find_(database,
            "SELECT id, content_hash, missing_since, coupon_state, usage_total_count, usage_used_count"
            " FROM coupon WHERE appid = ?1 AND openid = ?2 AND stock_id = ?3 AND coupon_code = ?4"),
      upsert_(database, upsert_coupon_sql()),
      return_(database, "UPDATE coupon SET missing_since = NULL, changed_at = ?2 WHERE id = ?1"),
      mark_missing_(database, "UPDATE coupon SET missing_since = ?2, changed_at = ?2 WHERE id = ?1"),
      expected_(database, kExpectedSql),
      upsert_usage_(database, upsert_usage_sql()),
      prune_usage_(database,
                   "DELETE FROM usage_detail WHERE coupon_id = ?1"
                   " AND usage_mode || '/' || item_index NOT IN (SELECT value FROM json_each(?2))"),
      append_change_(database,
                     "INSERT INTO coupon_change (observed_at, coupon_id, kind, from_state, to_state)"
                     " VALUES (?1, ?2, ?3, ?4, ?5)") {}

CouponTable::Effect CouponTable::store(const ListingKey& listing, const Coupon& coupon,
                                       UnixSeconds observed_at) {
  const std::optional<Known> known = find(listing, coupon);
  if (!known) {
    upsert(listing, coupon, observed_at);
    const std::int64_t id = last_insert_id(database_);
    store_usage(id, coupon.usage_details);
    append_change(observed_at, id, "added", std::nullopt, coupon.coupon_state);
    return {.coupon_id = id, .kind = Effect::Kind::inserted, .returned = false};
  }
  Effect effect{.coupon_id = known->id, .kind = Effect::Kind::unchanged, .returned = known->missing};
  if (known->missing) append_change(observed_at, known->id, "returned", known->state, known->state);
  if (known->content_hash != coupon.content_hash) {
    update(*known, listing, coupon, observed_at);
    effect.kind = Effect::Kind::updated;
  } else if (known->missing) {
    return_.run(known->id, observed_at);
  }
  return effect;
}

std::optional<CouponTable::Known> CouponTable::find(const ListingKey& listing, const Coupon& coupon) {
  std::optional<Known> known;
  find_.query(
      [&](const Row& row) {
        known = Known{.id = row.integer(0).value(),
                      .content_hash = row.digest(1),
                      .missing = row.integer(2).has_value(),
                      .state = row.text(3),
                      .usage_total_count = row.integer(4),
                      .usage_used_count = row.integer(5)};
      },
      listing.appid, listing.openid.reveal(), coupon.stock_id, coupon.coupon_code.reveal());
  return known;
}

void CouponTable::upsert(const ListingKey& listing, const Coupon& coupon, UnixSeconds observed_at) {
  upsert_.start();
  upsert_.add(listing.appid);
  upsert_.add(listing.openid.reveal());
  upsert_.add(coupon.stock_id);
  upsert_.add(coupon.coupon_code.reveal());
  upsert_.add(observed_at);
  add_fields(upsert_, kCouponFields, coupon);
  upsert_.add(observed_at);
  upsert_.add(nullptr);
  upsert_.finish();
}

void CouponTable::update(const Known& known, const ListingKey& listing, const Coupon& coupon,
                         UnixSeconds observed_at) {
  upsert(listing, coupon, observed_at);
  const bool details_differ = store_usage(known.id, coupon.usage_details);
  const bool usage_differs = details_differ || known.usage_total_count != coupon.usage_total_count ||
                             known.usage_used_count != coupon.usage_used_count;
  const char* kind = usage_differs ? "usage" : "other";
  if (known.state != coupon.coupon_state) kind = "state";
  append_change(observed_at, known.id, kind, known.state, coupon.coupon_state);
}

/// Whether any row is another one now.
bool CouponTable::store_usage(std::int64_t coupon_id, const std::vector<UsageDetail>& details) {
  int changed = 0;
  KeyList kept;
  for (const UsageDetail& detail : details) {
    const std::string mode(name_of(detail.usage_mode));
    upsert_usage_.start();
    upsert_usage_.add(coupon_id);
    upsert_usage_.add(mode);
    upsert_usage_.add(detail.item_index);
    add_fields(upsert_usage_, kUsageFields, detail);
    changed += upsert_usage_.finish();
    kept.add(mode, detail.item_index);
  }
  changed += prune_usage_.run(coupon_id, kept.json());
  return changed > 0;
}

std::vector<CouponTable::Present> CouponTable::expected_in(const ListingKey& listing) {
  std::vector<Present> coupons;
  expected_.query(
      [&](const Row& row) {
        coupons.push_back({row.integer(0).value(), row.text(1)});
      },
      listing.appid, listing.openid.reveal(), listing.stock_id, listing.product_coupon_id,
      listing.coupon_state);
  return coupons;
}

void CouponTable::mark_missing(const Present& coupon, UnixSeconds observed_at) {
  mark_missing_.run(coupon.coupon_id, observed_at);
  append_change(observed_at, coupon.coupon_id, "missing", coupon.state, coupon.state);
}

void CouponTable::append_change(UnixSeconds observed_at, std::int64_t coupon_id, const std::string& kind,
                                const Text& from, const Text& to) {
  append_change_.run(observed_at, coupon_id, kind, from, to);
}

}  // namespace couponsync
