#pragma once

#include "base/sensitive.h"

#include <compare>
#include <cstdint>
#include <string>

namespace couponsync {

/// What is listed: one user's coupons, narrowed by up to three filters. An empty filter is one not given.
/// This is the identity of a `listing` row; a watchlist group with several coupon states makes one of these
/// per state.
struct ListingKey {
  std::string appid;
  Openid openid;
  std::string product_coupon_id;
  std::string stock_id;
  std::string coupon_state;

  auto operator<=>(const ListingKey&) const = default;
};

/// `listing.id`: stable for the life of the mirror.
using ListingId = std::int64_t;

}  // namespace couponsync
