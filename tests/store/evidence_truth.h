#pragma once

#include "base/coupon_state.h"
#include "base/listing.h"

#include <cstddef>
#include <string>
#include <vector>

namespace couponsync {

inline constexpr std::size_t kEffective = 2;
inline constexpr std::size_t kUsed = 3;

/// What the API knows: the coupons of one user, each in one state at a time. They move forward through their
/// lives; a use can be returned, once.
struct Truth {
  struct Held {
    std::string code;
    std::string stock;
    std::size_t state = 0;
    int version = 0;  ///< of what else its entry says
    bool returned = false;
    bool gone = false;
  };
  std::vector<Held> coupons;  ///< in the order in which the API lists them

  std::vector<const Held*> listed(const ListingKey& key) const {
    std::vector<const Held*> found;
    for (const Held& coupon : coupons)
      if (!coupon.gone && (key.stock_id.empty() || key.stock_id == coupon.stock) &&
          (key.coupon_state.empty() || key.coupon_state == kCouponStates[coupon.state]))
        found.push_back(&coupon);
    return found;
  }
};

}  // namespace couponsync
