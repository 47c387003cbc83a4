#include "store/stock_table.h"

#include "store/fields.h"
#include "store/key_list.h"

namespace couponsync {
namespace {

std::string upsert_stock_sql() {
  Upsert upsert{.table = "stock",
                .keys = {"stock_id"},
                .insert_only = {"first_seen_at"},
                .columns = columns_of(kStockFields)};
  upsert.columns.emplace_back("changed_at");
  return upsert.sql();
}

std::string upsert_benefit_sql() {
  return Upsert{.table = "stock_benefit",
                .keys = {"stock_id", "usage_mode", "item_index", "kind"},
                .insert_only = {},
                .columns = columns_of(kBenefitFields),
                .only_if_different = true}
      .sql();
}

std::string upsert_period_sql() {
  return Upsert{.table = "stock_period",
                .keys = {"stock_id", "usage_mode", "kind", "item_index"},
                .insert_only = {},
                .columns = columns_of(kPeriodFields),
                .only_if_different = true}
      .sql();
}

// A row only where a counter differs from the last row; within one second the last values win.
constexpr const char* kUpsertCountsSql =
    "INSERT INTO stock_count (stock_id, observed_at, coupon_code_total_count, coupon_code_available_count,"
    " sent_total_count, sent_today_count) SELECT ?1, ?2, ?3, ?4, ?5, ?6"
    " WHERE (?3, ?4, ?5, ?6) IS NOT (SELECT coupon_code_total_count, coupon_code_available_count,"
    " sent_total_count, sent_today_count FROM stock_count WHERE stock_id = ?1"
    " ORDER BY observed_at DESC LIMIT 1)"
    " ON CONFLICT (stock_id, observed_at) DO UPDATE SET"
    " coupon_code_total_count = excluded.coupon_code_total_count,"
    " coupon_code_available_count = excluded.coupon_code_available_count,"
    " sent_total_count = excluded.sent_total_count, sent_today_count = excluded.sent_today_count";

// The counters went there and back within one second: what is left says nothing new.
constexpr const char* kPruneCountsSql =
    "DELETE FROM stock_count WHERE stock_id = ?1 AND observed_at = ?2"
    " AND (coupon_code_total_count, coupon_code_available_count, sent_total_count, sent_today_count) IS"
    " (SELECT coupon_code_total_count, coupon_code_available_count, sent_total_count, sent_today_count"
    " FROM stock_count WHERE stock_id = ?1 AND observed_at < ?2 ORDER BY observed_at DESC LIMIT 1)";

}  // namespace

StockTable::StockTable(SQLite::Database& database)
    : find_(database, "SELECT content_hash FROM stock WHERE stock_id = ?1"),
      upsert_(database, upsert_stock_sql()),
      upsert_benefit_(database, upsert_benefit_sql()),
      prune_benefits_(
          database,
          "DELETE FROM stock_benefit WHERE stock_id = ?1"
          " AND usage_mode || '/' || item_index || '/' || kind NOT IN (SELECT value FROM json_each(?2))"),
      upsert_period_(database, upsert_period_sql()),
      prune_periods_(
          database,
          "DELETE FROM stock_period WHERE stock_id = ?1"
          " AND usage_mode || '/' || kind || '/' || item_index NOT IN (SELECT value FROM json_each(?2))"),
      upsert_counts_(database, kUpsertCountsSql),
      prune_counts_(database, kPruneCountsSql) {}

void StockTable::store(const Stock& stock, UnixSeconds observed_at) {
  if (is_stored(stock)) return;
  upsert_.start();
  upsert_.add(stock.stock_id);
  upsert_.add(observed_at);
  add_fields(upsert_, kStockFields, stock);
  upsert_.add(observed_at);
  upsert_.finish();
  store_benefits(stock);
  store_periods(stock);
  store_counts(stock, observed_at);
  known_.put(stock.stock_id, stock.content_hash);
}

bool StockTable::is_stored(const Stock& stock) {
  return known_.holds(stock.stock_id, stock.content_hash, [&] {
    std::optional<Digest> hash;
    find_.query([&](const Row& row) { hash = row.digest(0); }, stock.stock_id);
    return hash;
  });
}

void StockTable::store_benefits(const Stock& stock) {
  KeyList kept;
  for (const StockBenefit& benefit : stock.benefits) {
    const std::string mode(name_of(benefit.usage_mode));
    upsert_benefit_.start();
    upsert_benefit_.add(stock.stock_id);
    upsert_benefit_.add(mode);
    upsert_benefit_.add(benefit.item_index);
    upsert_benefit_.add(benefit.kind);
    add_fields(upsert_benefit_, kBenefitFields, benefit);
    upsert_benefit_.finish();
    kept.add(mode, benefit.item_index, benefit.kind);
  }
  prune_benefits_.run(stock.stock_id, kept.json());
}

void StockTable::store_periods(const Stock& stock) {
  KeyList kept;
  for (const StockPeriod& period : stock.periods) {
    const std::string mode(name_of(period.usage_mode));
    upsert_period_.start();
    upsert_period_.add(stock.stock_id);
    upsert_period_.add(mode);
    upsert_period_.add(period.kind);
    upsert_period_.add(period.item_index);
    add_fields(upsert_period_, kPeriodFields, period);
    upsert_period_.finish();
    kept.add(mode, period.kind, period.item_index);
  }
  prune_periods_.run(stock.stock_id, kept.json());
}

void StockTable::store_counts(const Stock& stock, UnixSeconds observed_at) {
  const int written =
      upsert_counts_.run(stock.stock_id, observed_at, stock.coupon_code_total_count,
                         stock.coupon_code_available_count, stock.sent_total_count, stock.sent_today_count);
  if (written > 0) prune_counts_.run(stock.stock_id, observed_at);
}

}  // namespace couponsync
