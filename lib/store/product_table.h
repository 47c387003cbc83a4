#pragma once

#include "base/coupon.h"
#include "store/shown_version.h"
#include "store/sighting.h"
#include "store/sql.h"

#include <string>
#include <unordered_map>

namespace couponsync {

/// `product_coupon` and `combo_choice`. Throws SQLite::Exception.
class ProductTable {
 public:
  explicit ProductTable(SQLite::Database& database);

  /// Stores what a page shows of a product; what is stored already, and what is older, is left alone.
  void store(const ProductCoupon& product, const Sighting& seen);
  /// After a transaction or savepoint was taken back.
  void forget() { known_.clear(); }

 private:
  using Known = ShownVersion<Digest>;
  /// nullptr if the mirror has no such product.
  Known* find(const std::string& product_coupon_id);
  void store_contents(const ProductCoupon& product, UnixSeconds observed_at);
  void store_choices(const ProductCoupon& product);

  std::unordered_map<std::string, Known> known_;
  Statement find_;
  Statement upsert_;
  Statement upsert_choice_;
  Statement prune_choices_;
};

}  // namespace couponsync
