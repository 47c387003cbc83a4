#include "bench/freshness/model_mirror.h"

#include <algorithm>

namespace couponsync::bench {

ModelMirror::ModelMirror(const World& world, DelayScore& score, bool is_derived)
    : world_(world),
      score_(score),
      derives_(is_derived),
      sent_(world.sends.size()),
      shown_by_(world.sends.size()) {
  for (const auto& coupons : world.users) {
    User& user = users_.emplace_back();
    for (const WorldCoupon& coupon : coupons) user.coupons.push_back({&coupon});
  }
}

WorldState ModelMirror::state(const Coupon& coupon) {
  return coupon.world->events[coupon.happened - 1U].state;
}

WorldState ModelMirror::mirrored_state(const Coupon& coupon) {
  return coupon.mirrored == 0 ? WorldState::none : coupon.world->events[coupon.mirrored - 1U].state;
}

void ModelMirror::advance(User& user, double at) {
  while (user.arrived < user.coupons.size() && user.coupons[user.arrived].world->events.front().at <= at)
    user.open.push_back(static_cast<std::uint32_t>(user.arrived++));
  for (const std::uint32_t place : user.open) {
    Coupon& coupon = user.coupons[place];
    const auto& events = coupon.world->events;
    while (coupon.happened < events.size() && events[coupon.happened].at <= at) ++coupon.happened;
  }
}

bool ModelMirror::is_shown(const Coupon& coupon, ReadingKind kind, StockKey stock) {
  switch (kind) {
    case ReadingKind::whole:
      return true;
    case ReadingKind::count:
      return false;  // whichever rows are on its page
    case ReadingKind::effective:
      return state(coupon) == WorldState::effective;
    case ReadingKind::pending:
      return state(coupon) == WorldState::pending;
    case ReadingKind::stock:
      return coupon.world->stock == stock;
  }
  return false;
}

std::uint32_t ModelMirror::cost(std::size_t number, ReadingKind kind, StockKey stock, double at) {
  User& user = users_[number];
  advance(user, at);
  if (kind == ReadingKind::count) return 1;
  if (kind == ReadingKind::whole) return world_.pages(user.arrived);
  std::uint64_t shown = 0;
  if (kind == ReadingKind::stock) {
    for (std::size_t place = 0; place < user.arrived; ++place)
      shown += is_shown(user.coupons[place], kind, stock) ? 1U : 0U;
  } else {
    for (const std::uint32_t place : user.open) shown += is_shown(user.coupons[place], kind, stock) ? 1U : 0U;
  }
  return world_.pages(shown);
}

bool ModelMirror::is_derived(const Coupon& coupon, std::size_t event) const {
  if (!derives_ || coupon.mirrored == 0) return false;
  const auto& events = coupon.world->events;
  if (events[event].state == WorldState::expired) return true;
  return events[event].state == WorldState::effective && !events[event].is_use && event > 0 &&
         events[event - 1].state == WorldState::pending;
}

void ModelMirror::mirror(User& user, Coupon& coupon, double at, double done) {
  const bool is_new = coupon.mirrored == 0;
  if (is_new) ++user.known;
  const std::size_t from = coupon.mirrored;
  for (std::size_t event = from; event < coupon.happened; ++event) {
    const WorldEvent& one = coupon.world->events[event];
    const bool is_deletion = one.state == WorldState::deleted;
    const auto kind = event == 0    ? DelayScore::kReceipt
                      : one.is_use  ? DelayScore::kUse
                      : is_deletion ? DelayScore::kDeletion
                                    : DelayScore::kOther;
    score_.add(kind, one.at, is_derived(coupon, event) ? one.at : done);
    if (!one.is_use && !is_deletion) continue;
    uses_.push_back({world_.epoch + (is_deletion ? at : one.at), world_.epoch + coupon.world->begins,
                     world_.epoch + coupon.world->ends, coupon.uses > 0, is_deletion, is_new});
    if (one.is_use) ++coupon.uses;
  }
  coupon.mirrored = coupon.happened;
}

void ModelMirror::show(const Coupon& coupon, bool is_new) {
  const WorldState now = state(coupon);
  coupons_.push_back({coupon.world->stock, world_.epoch + coupon.world->received,
                      world_.epoch + coupon.world->begins, is_new, now == WorldState::pending,
                      now == WorldState::effective});
}

void ModelMirror::show_stock(std::uint32_t stock, double at) {
  if (shown_by_[stock] == readings_) return;
  shown_by_[stock] = readings_;
  const auto& sends = world_.sends[stock];
  std::size_t& sent = sent_[stock];
  while (sent < sends.size() && sends[sent] <= at) ++sent;
  stocks_.push_back({stock, sent});
}

void ModelMirror::show_live(const Coupon& coupon, double at) {
  const WorldState known = mirrored_state(coupon);
  const bool is_live =
      known == WorldState::effective || (known == WorldState::pending && coupon.world->begins <= at);
  if (!is_live || coupon.world->ends <= at) return;
  live_.push_back({world_.epoch + coupon.world->received, world_.epoch + coupon.world->begins,
                   world_.epoch + coupon.world->ends, coupon.uses > 0});
}

const ReadingSummary& ModelMirror::read(std::size_t number, ReadingKind kind, StockKey stock, double at,
                                        double done) {
  User& user = users_[number];
  ++readings_;
  summary_ = {};
  summary_.requests = cost(number, kind, stock, at);
  coupons_.clear();
  uses_.clear();
  live_.clear();
  stocks_.clear();
  left_.clear();
  const auto visit = [&](Coupon& coupon) {
    if (!is_shown(coupon, kind, stock)) {
      const WorldState known = mirrored_state(coupon);
      const bool was_live =
          known == WorldState::effective || (known == WorldState::pending && coupon.world->begins <= at);
      if (kind == ReadingKind::effective && was_live && !std::ranges::count(left_, coupon.world->stock))
        left_.push_back(coupon.world->stock);
    } else {
      show(coupon, coupon.mirrored == 0);
      mirror(user, coupon, at, done);
      show_stock(coupon.world->stock, at);
    }
    show_live(coupon, at);
  };
  if (kind == ReadingKind::whole) {
    for (std::size_t place = 0; place < user.arrived; ++place) visit(user.coupons[place]);
  } else {
    for (const std::uint32_t place : user.open) visit(user.coupons[place]);
  }
  std::erase_if(user.open, [&](std::uint32_t place) {
    const Coupon& coupon = user.coupons[place];
    const WorldState known = mirrored_state(coupon);
    return coupon.mirrored == coupon.world->events.size() && known != WorldState::effective &&
           known != WorldState::pending;
  });
  if (kind == ReadingKind::whole || kind == ReadingKind::count)
    summary_.total = static_cast<std::uint32_t>(user.arrived);
  summary_.known = static_cast<std::uint32_t>(user.known);
  summary_.shows_all = kind == ReadingKind::whole;
  summary_.coupons = coupons_;
  summary_.uses = uses_;
  summary_.live = live_;
  summary_.stocks = stocks_;
  summary_.left = left_;
  return summary_;
}

void ModelMirror::finish() {
  uses_.clear();
  for (User& user : users_) {
    advance(user, world_.end);
    for (std::size_t place = 0; place < user.arrived; ++place)
      mirror(user, user.coupons[place], world_.tail_end, world_.tail_end);
  }
}

}  // namespace couponsync::bench
