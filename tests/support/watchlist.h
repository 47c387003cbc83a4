#pragma once

#include "base/listing_set.h"
#include "store/mirror.h"

#include <algorithm>
#include <limits>
#include <map>
#include <memory>
#include <span>
#include <vector>

namespace couponsync {

/// Makes `keys` the watched listings, and nothing else, and gives where each stands, in the order given.
inline std::vector<Listing> set_watchlist(Mirror& mirror, std::span<const ListingKey> keys) {
  std::vector<Listing> listings = mirror.watch(keys);
  std::vector<ListingId> gone = mirror.watched_after(0, std::numeric_limits<std::int32_t>::max());
  std::erase_if(
      gone, [&](ListingId id) { return std::ranges::find(listings, id, &Listing::id) != listings.end(); });
  mirror.unwatch(gone);
  return listings;
}

/// The same for a scheduler.
inline std::shared_ptr<const ListingSet> listing_set(const std::vector<ListingKey>& keys) {
  auto set = std::make_shared<ListingSet>();
  std::map<ListingKey, std::size_t> filters;
  for (const ListingKey& key : keys) {
    ListingKey filter = key;
    filter.openid = {};
    const auto [known, is_new] = filters.try_emplace(filter, 0);
    if (is_new)
      known->second = set->add_filter(key.appid, key.product_coupon_id, key.stock_id, key.coupon_state);
    set->add(known->second, set->add_openid(key.openid.reveal()));
  }
  set->seal();
  return set;
}

}  // namespace couponsync
