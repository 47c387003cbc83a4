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
  upsert.columns.insert(upsert.columns.end(), {"changed_at", "missing_since", "unlisted_since"});
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

constexpr const char* kInScopeSql =
    "SELECT c.id, c.coupon_state, c.stock_id, c.product_coupon_id, s.product_coupon_id,"
    " c.unlisted_since IS NOT NULL FROM coupon AS c LEFT JOIN stock AS s ON s.stock_id = c.stock_id"
    " WHERE c.appid = ?1 AND c.openid = ?2 AND c.missing_since IS NULL";

}  // namespace

CouponTable::CouponTable(SQLite::Database& database)
    : database_(database),
      find_(database,
            "SELECT id, content_hash, missing_since, coupon_state, usage_total_count, usage_used_count,"
            " unlisted_since, EXISTS (SELECT 1 FROM absence WHERE coupon_id = coupon.id)"
            " FROM coupon WHERE appid = ?1 AND openid = ?2 AND stock_id = ?3 AND coupon_code = ?4"),
      upsert_(database, upsert_coupon_sql()),
      return_(database,
              "UPDATE coupon SET missing_since = NULL, unlisted_since = NULL, changed_at = ?2 WHERE id = ?1"),
      mark_missing_(database,
                    "UPDATE coupon SET missing_since = ?2, unlisted_since = NULL, changed_at = ?2"
                    " WHERE id = ?1"),
      mark_unlisted_(database, "UPDATE coupon SET unlisted_since = ?2, changed_at = ?3 WHERE id = ?1"),
      in_scope_(database, kInScopeSql),
      upsert_usage_(database, upsert_usage_sql()),
      prune_usage_(database,
                   "DELETE FROM usage_detail WHERE coupon_id = ?1"
                   " AND usage_mode || '/' || item_index NOT IN (SELECT value FROM json_each(?2))"),
      append_change_(database,
                     "INSERT INTO coupon_change (observed_at, coupon_id, kind, from_state, to_state)"
                     " VALUES (?1, ?2, ?3, ?4, ?5)") {}

CouponTable::Effect CouponTable::store(const Coupon& coupon, const Listed& listed) {
  const ListingKey& listing = listed.listing;
  const UnixSeconds observed_at = listed.seen.observed_at;
  const std::optional<Known> known = find(listing, coupon);
  if (!known) {
    upsert(listing, coupon, observed_at);
    const std::int64_t id = last_insert_id(database_);
    store_usage(id, coupon.usage_details);
    append_change(observed_at, id, "added", std::nullopt, coupon.coupon_state);
    return {.coupon_id = id, .kind = Effect::Kind::inserted};
  }
  if (listed.log.is_outdated(listed.user, known->id, listed.seen.sent))
    return {.coupon_id = known->id, .outdated = true};
  Effect effect{.coupon_id = known->id,
                .returned = known->missing,
                .listed = known->unlisted,
                .searched_for = known->searched_for};
  if (known->missing) append_change(observed_at, known->id, "returned", known->state, known->state);
  if (known->unlisted) append_change(observed_at, known->id, "listed", known->state, known->state);
  if (known->content_hash != coupon.content_hash) {
    update(*known, listing, coupon, observed_at);
    effect.kind = Effect::Kind::updated;
  } else if (known->missing || known->unlisted) {
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
                      .unlisted = row.integer(6).has_value(),
                      .searched_for = row.integer(7) == 1,
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

std::vector<CouponTable::Present> CouponTable::in_scope_of(const ListingKey& listing) {
  const WatchedListing narrowed{.product_coupon_id = listing.product_coupon_id, .stock_id = listing.stock_id};
  std::vector<Present> coupons;
  in_scope_.query(
      [&](const Row& row) {
        Present coupon{.coupon_id = row.integer(0).value(),
                       .state = row.text(1),
                       .scope = {.stock_id = row.text(2).value(),
                                 .product_coupon_id = row.text(3),
                                 .product_coupon_id_of_stock = row.text(4)},
                       .is_unlisted = row.integer(5) == 1};
        if (coupon.scope.must_be_in(narrowed)) coupons.push_back(std::move(coupon));
      },
      listing.appid, listing.openid.reveal());
  return coupons;
}

void CouponTable::mark_missing(std::int64_t coupon, const Text& state, UnixSeconds observed_at) {
  mark_missing_.run(coupon, observed_at);
  append_change(observed_at, coupon, "missing", state, state);
}

void CouponTable::mark_unlisted(std::int64_t coupon, const Text& state, UnixSeconds since,
                                UnixSeconds observed_at) {
  mark_unlisted_.run(coupon, since, observed_at);
  append_change(observed_at, coupon, "unlisted", state, state);
}

void CouponTable::append_change(UnixSeconds observed_at, std::int64_t coupon_id, const std::string& kind,
                                const Text& from, const Text& to) {
  append_change_.run(observed_at, coupon_id, kind, from, to);
}

}  // namespace couponsync
