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

// Without raw_json the stored one stays.
constexpr const char* kUpdateCountersSql =
    "UPDATE stock SET coupon_code_total_count = ?2, coupon_code_available_count = ?3, sent_total_count = ?4,"
    " sent_today_count = ?5, raw_json = coalesce(?6, raw_json) WHERE stock_id = ?1";

// The hash that older versions stored covers the counters, too: what else has changed since, is seen by
// comparing.
constexpr const char* kUnchangedSinceSql =
    "SELECT changed_at FROM stock WHERE stock_id = ?1"
    " AND CASE WHEN json_valid(raw_json) AND json_valid(?2)"
    " THEN json_remove(raw_json, '$.coupon_code_count_info', '$.sent_count_info')"
    " = json_remove(?2, '$.coupon_code_count_info', '$.sent_count_info') ELSE 0 END";

// A clock that was ahead leaves rows that are not over yet; they do not count.
constexpr const char* kLastCountSql =
    "SELECT observed_at, coupon_code_total_count, coupon_code_available_count, sent_total_count, "
    "sent_today_count"
    " FROM stock_count WHERE stock_id = ?1 AND observed_at <= ?2 ORDER BY observed_at DESC LIMIT 1";

constexpr UnixSeconds kCountPeriod = 60;

std::string upsert_count_sql() {
  return Upsert{.table = "stock_count",
                .keys = {"stock_id", "observed_at"},
                .insert_only = {},
                .columns = columns_of(kStockCounterFields)}
      .sql();
}

}  // namespace

StockTable::StockTable(SQLite::Database& database)
    : find_(database,
            "SELECT content_hash, coupon_code_total_count, coupon_code_available_count, sent_total_count,"
            " sent_today_count FROM stock WHERE stock_id = ?1"),
      upsert_(database, upsert_stock_sql()),
      update_counters_(database, kUpdateCountersSql),
      unchanged_since_(database, kUnchangedSinceSql),
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
      last_count_(database, kLastCountSql),
      upsert_count_(database, upsert_count_sql()) {}

void StockTable::store(const Stock& stock, const Sighting& seen) {
  if (Known* known = find(stock.stock_id))
    update(stock, seen, *known);
  else
    insert(stock, seen);
}

StockTable::Known* StockTable::find(const std::string& stock_id) {
  const auto found = known_.find(stock_id);
  if (found != known_.end()) return &found->second;
  Known* known = nullptr;
  find_.query(
      [&](const Row& row) {
        const Counters counters{row.integer(1), row.integer(2), row.integer(3), row.integer(4)};
        known = &known_
                     .emplace(stock_id, Known{.contents = ShownVersion(row.digest(0).value_or(Digest{})),
                                              .counters = ShownVersion(counters),
                                              .is_from_before = true})
                     .first->second;
      },
      stock_id);
  return known;
}

void StockTable::insert(const Stock& stock, const Sighting& seen) {
  store_contents(stock, seen.observed_at, seen.observed_at);
  store_counters(stock, nullptr);
  Known known{.contents = ShownVersion(stock.content_hash, seen),
              .counters = ShownVersion(counters_of(stock), seen)};
  keep_count(stock.stock_id, known, seen.observed_at);
  known_.emplace(stock.stock_id, std::move(known));
}

void StockTable::update(const Stock& stock, const Sighting& seen, Known& known) {
  using enum ShownVersion<Digest>::Verdict;
  const auto contents = known.contents.judge(stock.content_hash, seen);
  if (contents == newer) {
    const std::optional<UnixSeconds> unchanged = known.is_from_before ? unchanged_since(stock) : std::nullopt;
    store_contents(stock, seen.observed_at, unchanged.value_or(seen.observed_at));
    known.is_from_before = false;
  }
  const auto counters = known.counters.judge(counters_of(stock), seen);
  if (counters == ShownVersion<Counters>::Verdict::newer)
    store_counters(stock, contents == held ? &stock.raw_json : nullptr);
  if (counters != ShownVersion<Counters>::Verdict::older) keep_count(stock.stock_id, known, seen.observed_at);
}

void StockTable::store_contents(const Stock& stock, UnixSeconds observed_at, UnixSeconds changed_at) {
  upsert_.start();
  upsert_.add(stock.stock_id);
  upsert_.add(observed_at);
  add_fields(upsert_, kStockFields, stock);
  upsert_.add(changed_at);
  upsert_.finish();
  store_benefits(stock);
  store_periods(stock);
}

void StockTable::store_counters(const Stock& stock, const std::string* raw_json) {
  update_counters_.start();
  update_counters_.add(stock.stock_id);
  add_fields(update_counters_, kStockCounterFields, stock);
  if (raw_json != nullptr)
    update_counters_.add(*raw_json);
  else
    update_counters_.add(nullptr);
  update_counters_.finish();
}

std::optional<UnixSeconds> StockTable::unchanged_since(const Stock& stock) {
  std::optional<UnixSeconds> changed_at;
  unchanged_since_.query([&](const Row& row) { changed_at = row.integer(0); }, stock.stock_id,
                         stock.raw_json);
  return changed_at;
}

StockTable::Counters StockTable::counters_of(const Stock& stock) {
  return std::apply([&](const auto&... field) { return Counters{stock.*field.member...}; },
                    kStockCounterFields);
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

void StockTable::keep_count(const std::string& stock_id, Known& known, UnixSeconds observed_at) {
  const Counters& counters = known.counters.held();
  const auto is_due = [&] {
    const Count& last = *known.last_count;
    return last.counters != counters &&
           (!last.observed_at || observed_at >= *last.observed_at + kCountPeriod);
  };
  const bool clock_went_back =
      known.last_count && observed_at < known.last_count->observed_at.value_or(observed_at);
  if (known.last_count && !clock_went_back && !is_due()) return;
  known.last_count = last_count(stock_id, observed_at);
  if (!is_due()) return;
  upsert_count_.run(stock_id, observed_at, counters[0], counters[1], counters[2], counters[3]);
  known.last_count = Count{observed_at, counters};
}

StockTable::Count StockTable::last_count(const std::string& stock_id, UnixSeconds until) {
  Count last;
  last_count_.query(
      [&](const Row& row) {
        last = {row.integer(0), {row.integer(1), row.integer(2), row.integer(3), row.integer(4)}};
      },
      stock_id, until);
  return last;
}

}  // namespace couponsync
