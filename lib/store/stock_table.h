#pragma once

#include "base/coupon.h"
#include "store/shown_version.h"
#include "store/sighting.h"
#include "store/sql.h"

#include <array>
#include <optional>
#include <string>
#include <unordered_map>

namespace couponsync {

/// `stock`, `stock_benefit`, `stock_period` and `stock_count`. Throws SQLite::Exception.
///
/// Counters move without the stock changing: their columns follow them, `changed_at` does not, and
/// `stock_count` keeps them, with a minute at least from row to row. What a minute's later sightings show
/// comes with the first one after it that shows the stock again.
class StockTable {
 public:
  explicit StockTable(SQLite::Database& database);

  /// Stores what a page shows of a stock; what is stored already, and what is older, is left alone.
  void store(const Stock& stock, const Sighting& seen);
  /// After a transaction or savepoint was taken back.
  void forget() { known_.clear(); }

 private:
  using Counters = std::array<Integer, 4>;
  static Counters counters_of(const Stock& stock);

  struct Count {
    std::optional<UnixSeconds> observed_at;  ///< absent: there is no row
    Counters counters;
  };
  struct Known {
    ShownVersion<Digest> contents;
    ShownVersion<Counters> counters;
    bool is_from_before = false;  ///< the contents' hash may be one that covers the counters, too
    std::optional<Count> last_count{};
  };

  /// nullptr if the mirror has no such stock.
  Known* find(const std::string& stock_id);
  void insert(const Stock& stock, const Sighting& seen);
  void update(const Stock& stock, const Sighting& seen, Known& known);
  void store_contents(const Stock& stock, UnixSeconds observed_at, UnixSeconds changed_at);
  void store_counters(const Stock& stock, const std::string* raw_json);
  /// Of a stock that differs from the stored one in its counters alone.
  std::optional<UnixSeconds> unchanged_since(const Stock& stock);
  void store_benefits(const Stock& stock);
  void store_periods(const Stock& stock);
  void keep_count(const std::string& stock_id, Known& known, UnixSeconds observed_at);
  Count last_count(const std::string& stock_id, UnixSeconds until);

  std::unordered_map<std::string, Known> known_;
  Statement find_;
  Statement upsert_;
  Statement update_counters_;
  Statement unchanged_since_;
  Statement upsert_benefit_;
  Statement prune_benefits_;
  Statement upsert_period_;
  Statement prune_periods_;
  Statement last_count_;
  Statement upsert_count_;
};

}  // namespace couponsync
