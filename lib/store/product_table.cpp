#include "store/product_table.h"

#include "store/fields.h"
#include "store/key_list.h"

namespace couponsync {
namespace {

std::string upsert_product_sql() {
  Upsert upsert{.table = "product_coupon",
                .keys = {"product_coupon_id"},
                .insert_only = {"first_seen_at"},
                .columns = columns_of(kProductFields)};
  upsert.columns.emplace_back("changed_at");
  return upsert.sql();
}

std::string upsert_choice_sql() {
  return Upsert{.table = "combo_choice",
                .keys = {"product_coupon_id", "package_index", "choice_index"},
                .insert_only = {},
                .columns = columns_of(kChoiceFields),
                .only_if_different = true}
      .sql();
}

}  // namespace

ProductTable::ProductTable(SQLite::Database& database)
    : find_(database, "SELECT content_hash FROM product_coupon WHERE product_coupon_id = ?1"),
      upsert_(database, upsert_product_sql()),
      upsert_choice_(database, upsert_choice_sql()),
      prune_choices_(database,
                     "DELETE FROM combo_choice WHERE product_coupon_id = ?1"
                     " AND package_index || '/' || choice_index NOT IN (SELECT value FROM json_each(?2))") {}

void ProductTable::store(const ProductCoupon& product, const Sighting& seen) {
  Known* known = find(product.product_coupon_id);
  if (known != nullptr && known->judge(product.content_hash, seen) != Known::Verdict::newer) return;
  store_contents(product, seen.observed_at);
  if (known == nullptr) known_.emplace(product.product_coupon_id, Known(product.content_hash, seen));
}

ProductTable::Known* ProductTable::find(const std::string& product_coupon_id) {
  const auto found = known_.find(product_coupon_id);
  if (found != known_.end()) return &found->second;
  Known* known = nullptr;
  find_.query(
      [&](const Row& row) {
        known = &known_.emplace(product_coupon_id, Known(row.digest(0).value_or(Digest{}))).first->second;
      },
      product_coupon_id);
  return known;
}

void ProductTable::store_contents(const ProductCoupon& product, UnixSeconds observed_at) {
  upsert_.start();
  upsert_.add(product.product_coupon_id);
  upsert_.add(observed_at);
  add_fields(upsert_, kProductFields, product);
  upsert_.add(observed_at);
  upsert_.finish();
  store_choices(product);
}

void ProductTable::store_choices(const ProductCoupon& product) {
  KeyList kept;
  for (const ComboChoice& choice : product.combo_choices) {
    upsert_choice_.start();
    upsert_choice_.add(product.product_coupon_id);
    upsert_choice_.add(choice.package_index);
    upsert_choice_.add(choice.choice_index);
    add_fields(upsert_choice_, kChoiceFields, choice);
    upsert_choice_.finish();
    kept.add(choice.package_index, choice.choice_index);
  }
  prune_choices_.run(product.product_coupon_id, kept.json());
}

}  // namespace couponsync
