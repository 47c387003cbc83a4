#pragma once

#include "api/json_reader.h"
#include "base/coupon.h"

/// Inside the decoder: each kind of object on its own. Identity has been checked before; hash and raw text
/// come after.
namespace couponsync {

/// The columns of `coupon` and its usage details.
void decode_coupon(const JsonReader& entry, Coupon& coupon);
void decode_stock(const JsonReader& object, Stock& stock);
void decode_product(const JsonReader& object, ProductCoupon& product);

}  // namespace couponsync
