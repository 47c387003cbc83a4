#pragma once

// Internal to this library: the parts of one entry of user_coupon_list.

#include "api/reply_object.h"
#include "base/coupon.h"

#include <optional>
#include <string>
#include <string_view>

namespace couponsync {

/// Nothing if the object is absent or has no stock_id to keep it under; the latter is an oddity. `raw` is the
/// object's own bytes.
std::optional<Stock> decode_stock(const ReplyObject& stock, std::string_view raw);

/// Likewise, with product_coupon_id.
std::optional<ProductCoupon> decode_product(const ReplyObject& product, std::string_view raw);

/// Which coupon an entry is, and its product: the one it came with, or else the one its stock names.
struct CouponTies {
  std::string stock_id;
  CouponCode coupon_code;
  Text product_coupon_id;
};

/// `raw` is the entry without its stock and product.
Coupon decode_coupon(const ReplyObject& entry, CouponTies ties, std::string raw);

}  // namespace couponsync
