#pragma once

// Internal to this library: the parts of one entry of user_coupon_list.

#include "api/json_reader.h"
#include "base/coupon.h"
#include "base/failure.h"

#include <optional>
#include <string>
#include <string_view>

namespace couponsync {

/// A member without which a row has no identity: a string that is not empty, or an undecodable failure.
Result<std::string> required_text(const ObjectReader& object, std::string_view member);

/// Fails with undecodable if there is no stock_id. `raw` is the object's own bytes.
Result<Stock> decode_stock(const ObjectReader& stock, std::string_view raw);

/// Nothing if the object is absent or has no product_coupon_id; the latter is an oddity.
std::optional<ProductCoupon> decode_product(const ObjectReader& product, std::string_view raw);

/// What an entry is tied to: its own stock's id, and its product's, or else the one its stock names.
struct EntryTies {
  std::string stock_id;
  Text product_coupon_id;
};

/// Fails with undecodable if there is no coupon_code. `raw` is the entry without its stock and product.
Result<Coupon> decode_coupon(const ObjectReader& entry, EntryTies ties, std::string raw);

}  // namespace couponsync
