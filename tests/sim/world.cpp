#include "sim/world.h"

#include "base/coupon_state.h"

#include <algorithm>

namespace couponsync::sim {
namespace {

ListingKey narrowed(int user, const std::string& product, const std::string& stock, std::string_view state) {
  return {.appid = kAppid,
          .openid = Openid(openid_of(user)),
          .product_coupon_id = product,
          .stock_id = stock,
          .coupon_state = std::string(state)};
}

std::vector<ListingKey> all_states_of(int user) {
  std::vector<ListingKey> keys;
  for (const std::string_view state : kCouponStates) keys.push_back(narrowed(user, "", "", state));
  return keys;
}

}  // namespace

std::string openid_of(int user) { return "o" + std::to_string(user); }

std::string product_of(const std::string& stock) { return stock == "stock-1" ? "product-1" : "product-2"; }

std::vector<ListingKey> listings_of(int user, std::uint64_t layout) {
  Random random(layout);
  std::vector<ListingKey> keys = all_states_of(user);
  switch (random.below(8)) {
    case 0:
    case 1:
    case 2:
      return {narrowed(user, "", "", "")};
    case 3:
      return {narrowed(user, "", "", ""), narrowed(user, "", "stock-1", ""), narrowed(user, "", "", "USED")};
    case 4:
      return keys;
    case 5:
      keys.push_back(narrowed(user, "", "stock-1", "EFFECTIVE"));
      return keys;
    case 6:
      return {narrowed(user, "product-1", "", ""), narrowed(user, "", "stock-2", "")};
    default:
      while (keys.size() > 2)
        keys.erase(keys.begin() + static_cast<std::ptrdiff_t>(random.below(keys.size())));
      return keys;
  }
}

std::vector<ListingKey> listings_of(const Settings& settings) {
  std::vector<ListingKey> keys;
  for (std::size_t user = 0; user < settings.watched.size(); ++user) {
    if (!settings.watched[user]) continue;
    for (ListingKey& key : listings_of(static_cast<int>(user), settings.layout[user]))
      keys.push_back(std::move(key));
  }
  return keys;
}

World::World(const Schedule& schedule) : moves_change_order_(schedule.moves_change_order) {
  Random random(schedule.seed + 7);
  for (const std::int64_t coupons : schedule.coupons_at_start) {
    Truth& truth = users_.emplace_back();
    for (std::int64_t i = 0; i < coupons; ++i) add(truth, random);
  }
}

std::vector<const Truth::Held*> World::listed(const ListingKey& key) const {
  const auto user = std::stoul(key.openid.reveal().substr(1));
  if (user >= users_.size()) return {};
  std::vector<const Truth::Held*> found = users_[user].listed(key);
  std::erase_if(found, [&](const Truth::Held* coupon) {
    return !key.product_coupon_id.empty() && product_of(coupon->stock) != key.product_coupon_id;
  });
  return found;
}

void World::add(Truth& truth, Random& random) {
  truth.coupons.push_back({.code = "c" + std::to_string(++codes_),
                           .stock = "stock-" + std::to_string(1 + random.below(2)),
                           .state = random.below(4)});
}

void World::apply(const Event& event, std::chrono::nanoseconds now) {
  Truth& truth = users_[static_cast<std::size_t>(event.user)];
  Random random(event.dice);
  if (event.kind == Event::Kind::add_coupon) return add(truth, random);
  if (truth.coupons.empty()) return;
  const std::size_t which = random.below(truth.coupons.size());
  Truth::Held& coupon = truth.coupons[which];
  switch (event.kind) {
    case Event::Kind::change_coupon:
      ++coupon.version;
      return;
    case Event::Kind::move_coupon:
      return move(truth, which, random);
    case Event::Kind::remove_coupon:
      coupon.gone = true;
      return;
    default:
      if (!coupon.gone) return;
      coupon.gone = false;
      came_back_[{event.user, coupon.code}] = now;
  }
}

void World::move(Truth& truth, std::size_t which, Random& random) const {
  Truth::Held& coupon = truth.coupons[which];
  if (coupon.gone) return;
  if (coupon.state == kUsed && !coupon.returned && random.chance(0.5)) {
    coupon.state = kEffective;
    coupon.returned = true;
  } else if (coupon.state + 1 < kCouponStates.size()) {
    coupon.state += 1 + random.below(std::min<std::size_t>(2, kCouponStates.size() - 1 - coupon.state));
  } else {
    return;
  }
  ++coupon.version;
  const auto at = truth.coupons.begin() + static_cast<std::ptrdiff_t>(which);
  if (moves_change_order_) std::rotate(at, at + 1, truth.coupons.end());
}

std::chrono::nanoseconds World::last_absent(int user, const std::string& code) const {
  const auto found = came_back_.find({user, code});
  return found == came_back_.end() ? std::chrono::nanoseconds::min() : found->second;
}

}  // namespace couponsync::sim
