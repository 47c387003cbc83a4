#pragma once

#include "store/mirror_fixture.h"

#include <chrono>
#include <cstdint>
#include <string>

namespace couponsync {

class Views : public MirrorTest {
 protected:
  static UnixSeconds clock() {
    return std::chrono::duration_cast<std::chrono::seconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
  }
  static StockBenefit benefit(UsageMode mode, std::int64_t item_index, const std::string& kind) {
    StockBenefit result;
    result.usage_mode = mode;
    result.item_index = item_index;
    result.kind = kind;
    return result;
  }
  static ProductCoupon product_of(const std::string& type, const std::string& usage_mode) {
    ProductCoupon result = product("product-1");
    result.type = type;
    result.usage_mode = usage_mode;
    return result;
  }
};

}  // namespace couponsync
