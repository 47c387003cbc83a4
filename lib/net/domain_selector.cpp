#include "net/domain_selector.h"

#include <algorithm>
#include <chrono>

namespace couponsync {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kLeastKnown = 10;
constexpr std::chrono::seconds kAvoidedFor = 30s;
constexpr std::chrono::seconds kQuickSuccession = 60s;
constexpr int kMostTrips = 10;  // 300 s
constexpr int kSuccessesToRestore = 3;

Domain other(Domain domain) { return domain == Domain::primary ? Domain::backup : Domain::primary; }

}  // namespace

void DomainHealth::chosen() {
  ++out_;
  trying_ = tripped_;
}

void DomainHealth::succeeded(SteadyTime now) {
  --out_;
  if (!tripped_) return remember(false);
  if (!trying_ && is_dead()) return;  // sent before the domain was tripped: says nothing about now
  consecutive_failures_ = 0;
  if (!trying_) return;
  trying_ = false;
  if (++successes_ == kSuccessesToRestore) restore(now);
}

void DomainHealth::failed(SteadyTime now) {
  --out_;
  count_failure(now);
}

void DomainHealth::blamed(SteadyTime now) {
  if (!tripped_) count_failure(now);
}

void DomainHealth::count_failure(SteadyTime now) {
  if (!tripped_) {
    remember(true);
    if (!judged_down()) return;
    const bool flapping = restored_at_ && now - *restored_at_ < kQuickSuccession;
    trips_ = flapping ? std::min(trips_ + 1, kMostTrips) : 1;
    return trip(now);
  }
  ++consecutive_failures_;
  if (!trying_) return;
  trying_ = false;
  successes_ = 0;
  if (now >= back_at_) trip(now);
}

void DomainHealth::abandoned() {
  --out_;
  trying_ = false;
}

bool DomainHealth::judged_down() const {
  return consecutive_failures_ >= kConsecutive || (known_ >= kLeastKnown && failures_.count() * 2 >= known_);
}

void DomainHealth::remember(bool failed) {
  failures_ <<= 1;
  failures_[0] = failed;
  known_ = std::min(known_ + 1, kRemembered);
  consecutive_failures_ = failed ? consecutive_failures_ + 1 : 0;
}

void DomainHealth::trip(SteadyTime now) {
  tripped_ = true;
  trying_ = false;
  successes_ = 0;
  back_at_ = now + kAvoidedFor * trips_;
}

void DomainHealth::restore(SteadyTime now) {
  tripped_ = false;
  restored_at_ = now;
  failures_.reset();
  known_ = 0;
  consecutive_failures_ = 0;
}

Domain DomainSelector::choose(SteadyTime now, const Domain* avoid) {
  return take(has_backup_ ? pick(now, avoid) : Domain::primary);
}

Domain DomainSelector::choose_in_turn() { return take(next_in_turn()); }

Domain DomainSelector::next_in_turn() const { return has_backup_ ? other(last_chosen_) : Domain::primary; }

Domain DomainSelector::take(Domain domain) {
  health(domain).chosen();
  last_chosen_ = domain;
  return domain;
}

Domain DomainSelector::pick(SteadyTime now, const Domain* avoid) const {
  if (all_are_dead()) return next_in_turn();
  const Domain first = avoid != nullptr ? other(*avoid) : Domain::primary;
  if (all_are_avoided(now)) return health(first).is_dead() ? other(first) : first;
  if (is_avoided(first, now)) return other(first);
  const bool other_is_better = !is_avoided(other(first), now) && !health(other(first)).is_crowded();
  if (health(first).is_crowded() && other_is_better) return other(first);
  return first;
}

void DomainSelector::succeeded(Domain domain, SteadyTime now) {
  const bool nothing_worked = all_are_dead();
  health(domain).succeeded(now);
  if (nothing_worked && !health(domain).is_dead()) health(domain).restore(now);
}

void DomainSelector::failed(Domain domain, SteadyTime now) { health(domain).failed(now); }

void DomainSelector::blamed(Domain domain, SteadyTime now) { health(domain).blamed(now); }

void DomainSelector::abandoned(Domain domain) { health(domain).abandoned(); }

bool DomainSelector::is_avoided(Domain domain, SteadyTime now) const {
  return health(domain).is_avoided(now);
}

bool DomainSelector::all_are_dead() const {
  return health(Domain::primary).is_dead() && (!has_backup_ || health(Domain::backup).is_dead());
}

bool DomainSelector::all_are_avoided(SteadyTime now) const {
  return is_avoided(Domain::primary, now) && (!has_backup_ || is_avoided(Domain::backup, now));
}

}  // namespace couponsync
