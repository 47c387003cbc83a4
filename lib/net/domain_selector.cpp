#include "net/domain_selector.h"

#include <algorithm>
#include <chrono>

namespace couponsync {
namespace {

using namespace std::chrono_literals;

constexpr int kConsecutiveFailures = 5;
constexpr std::size_t kLeastKnown = 10;
constexpr std::chrono::seconds kAvoidedFor = 30s;
constexpr int kMostOpenings = 10;  // 300 s
constexpr int kSuccessesToClose = 3;

Domain other(Domain domain) { return domain == Domain::primary ? Domain::backup : Domain::primary; }

}  // namespace

void DomainHealth::succeeded() {
  if (!open_) return remember(false);
  if (!trying_) return;  // sent before the domain opened: says nothing about now
  trying_ = false;
  if (++successes_ == kSuccessesToClose) close();
}

void DomainHealth::failed(SteadyTime now) {
  if (!open_) {
    remember(true);
    if (judged_down()) open(now);
    return;
  }
  if (!trying_) return;
  trying_ = false;
  successes_ = 0;
  if (now >= back_at_) open(now);
}

bool DomainHealth::judged_down() const {
  return consecutive_failures_ >= kConsecutiveFailures ||
         (known_ >= kLeastKnown && failures_.count() * 2 >= known_);
}

void DomainHealth::remember(bool failed) {
  failures_ <<= 1;
  failures_[0] = failed;
  known_ = std::min(known_ + 1, kRemembered);
  consecutive_failures_ = failed ? consecutive_failures_ + 1 : 0;
}

void DomainHealth::open(SteadyTime now) {
  open_ = true;
  trying_ = false;
  successes_ = 0;
  openings_ = std::min(openings_ + 1, kMostOpenings);
  back_at_ = now + kAvoidedFor * openings_;
}

void DomainHealth::close() { *this = DomainHealth(); }

Domain DomainSelector::choose(SteadyTime now, const Domain* avoid) {
  const Domain domain = has_backup_ ? pick(now, avoid) : Domain::primary;
  health(domain).chosen();
  return domain;
}

Domain DomainSelector::pick(SteadyTime now, const Domain* avoid) const {
  const Domain first = avoid != nullptr ? other(*avoid) : Domain::primary;
  if (!avoided(first, now)) return first;
  if (!avoided(other(first), now)) return other(first);
  return health(Domain::primary).back_at() <= health(Domain::backup).back_at() ? Domain::primary
                                                                               : Domain::backup;
}

void DomainSelector::succeeded(Domain domain, SteadyTime) { health(domain).succeeded(); }

void DomainSelector::failed(Domain domain, SteadyTime now) { health(domain).failed(now); }

void DomainSelector::abandoned(Domain domain) { health(domain).abandoned(); }

bool DomainSelector::avoided(Domain domain, SteadyTime now) const {
  return has_backup_ && health(domain).avoided(now);
}

}  // namespace couponsync
