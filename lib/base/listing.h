#pragma once

#include "base/sensitive.h"

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
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

/// For sets of many listings that need not hold each one's texts.
inline std::size_t hash_of(const ListingKey& key) {
  std::size_t hash = 0;
  for (const std::string* part :
       {&key.appid, &key.openid.reveal(), &key.product_coupon_id, &key.stock_id, &key.coupon_state})
    hash = hash * 1'099'511'628'211U + std::hash<std::string>()(*part);
  return hash;
}

/// `listing.id`: stable for the life of the mirror.
using ListingId = std::int64_t;

}  // namespace couponsync
