#include "sync/reading_order.h"

#include "base/coupon_state.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <tuple>
#include <unordered_map>

namespace couponsync {
namespace {

bool is_narrowed_by_state(const ListingState& listing) { return !listing.key.coupon_state.empty(); }

bool are_of_one_user(const ListingState& a, const ListingState& b) {
  return a.key.openid == b.key.openid && a.key.appid == b.key.appid;
}

struct Place {
  std::size_t group;
  std::size_t stage;
  ListingState* listing;
};

}  // namespace

std::vector<ListingState*> in_reading_order(std::vector<ListingState*> listings) {
  if (std::ranges::none_of(listings, [](const ListingState* l) { return is_narrowed_by_state(*l); }))
    return listings;
  std::unordered_map<std::string, std::size_t> first_places;
  std::vector<Place> places;
  places.reserve(listings.size());
  for (std::size_t i = 0; i < listings.size(); ++i) {
    ListingState* listing = listings[i];
    if (!is_narrowed_by_state(*listing)) {
      places.push_back({i, 0, listing});
      continue;
    }
    const std::string user = listing->key.appid + '\n' + listing->key.openid.reveal();
    const std::size_t group = first_places.try_emplace(user, i).first->second;
    places.push_back({group, life_stage(listing->key.coupon_state).value_or(kCouponStates.size()), listing});
  }
  std::ranges::stable_sort(places, {}, [](const Place& place) { return std::tie(place.group, place.stage); });
  std::ranges::transform(places, listings.begin(), &Place::listing);
  return listings;
}

std::span<ListingState* const> first_group(std::span<ListingState* const> rest) {
  if (rest.empty() || !is_narrowed_by_state(*rest.front()))
    return rest.first(std::min<std::size_t>(rest.size(), 1));
  const auto end = std::ranges::find_if_not(rest, [&](const ListingState* listing) {
    return is_narrowed_by_state(*listing) && are_of_one_user(*listing, *rest.front());
  });
  return rest.first(static_cast<std::size_t>(end - rest.begin()));
}

}  // namespace couponsync
