#pragma once

#include "base/coupon.h"
#include "store/hash_cache.h"
#include "store/sql.h"

namespace couponsync {

/// `stock`, `stock_benefit`, `stock_period` and `stock_count`. Throws SQLite::Exception.
class StockTable {
 public:
  explicit StockTable(SQLite::Database& database);

  /// Stores a stock as it was last seen; one stored with these contents already is left alone.
  void store(const Stock& stock, UnixSeconds observed_at);
  /// After a transaction or savepoint was taken back.
  void forget() { known_.clear(); }

 private:
  bool is_stored(const Stock& stock);
  void store_benefits(const Stock& stock);
  void store_periods(const Stock& stock);
  void store_counts(const Stock& stock, UnixSeconds observed_at);

  HashCache known_;
  Statement find_;
  Statement upsert_;
  Statement upsert_benefit_;
  Statement prune_benefits_;
  Statement upsert_period_;
  Statement prune_periods_;
  Statement upsert_counts_;
  Statement prune_counts_;
};

}  // namespace couponsync
