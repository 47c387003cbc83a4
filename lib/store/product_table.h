#pragma once

#include "base/coupon.h"
#include "store/hash_cache.h"
#include "store/sql.h"

namespace couponsync {

/// `product_coupon` and `combo_choice`. Throws SQLite::Exception.
class ProductTable {
 public:
  explicit ProductTable(SQLite::Database& database);

  /// Stores a product as it was last seen; one stored with these contents already is left alone.
  void store(const ProductCoupon& product, UnixSeconds observed_at);
  /// After a transaction or savepoint was taken back.
  void forget() { known_.clear(); }

 private:
  bool is_stored(const ProductCoupon& product);
  void store_choices(const ProductCoupon& product);

  HashCache known_;
  Statement find_;
  Statement upsert_;
  Statement upsert_choice_;
  Statement prune_choices_;
};

}  // namespace couponsync
