#include "net/quota_simulation.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace couponsync::test {
namespace {

SteadyTime after(SteadyTime time, Seconds delay) {
  return time + std::chrono::duration_cast<SteadyTime::duration>(delay);
}

}  // namespace

Quota no_quota() {
  return [](SteadyTime) { return true; };
}

Quota token_bucket(double per_second, double depth) {
  return [=, tokens = depth, last = SteadyTime{}](SteadyTime now) mutable {
    tokens = std::min(depth, tokens + per_second * Seconds(now - last).count());
    last = now;
    if (tokens < 1) return false;
    tokens -= 1;
    return true;
  };
}

Quota fixed_window(int calls, Seconds length) {
  return [=, window = -1.0, used = 0](SteadyTime now) mutable {
    const double current = std::floor(Seconds(now.time_since_epoch()) / length);
    if (std::exchange(window, current) != current) used = 0;
    if (used >= calls) return false;
    ++used;
    return true;
  };
}

QuotaSimulation::QuotaSimulation(Setup setup) : setup_(std::move(setup)), controller_(setup_.options, now_) {
  for (int i = 0; i < setup_.callers; ++i) push(now_, Stage::asks);
}

void QuotaSimulation::run_for(Seconds span) {
  span_ = span;
  accepted_ = refused_ = 0;
  sent_.clear();
  const SteadyTime end = after(now_, span);
  while (events_.top().at < end) {
    const Event event = events_.top();
    events_.pop();
    now_ = event.at;
    handle(event);
  }
  now_ = end;
}

void QuotaSimulation::handle(const Event& event) {
  switch (event.stage) {
    case Stage::asks:
      return ask();
    case Stage::arrives:
      return push(after(now_, setup_.latency / 2), Stage::is_answered, event.sent_at, setup_.quota(now_));
    case Stage::is_answered:
      ++(event.accepted ? accepted_ : refused_);
      if (event.accepted)
        controller_.accepted(event.sent_at, now_);
      else
        controller_.refused(event.sent_at, now_, std::nullopt);
      return push(after(now_, setup_.pause), Stage::asks);
  }
}

void QuotaSimulation::ask() {
  const SteadyTime earliest = controller_.earliest_send(now_);
  if (earliest > now_) return push(earliest, Stage::asks);
  controller_.sent(now_);
  sent_.push_back(now_);
  push(after(now_, setup_.latency / 2), Stage::arrives, now_);
}

void QuotaSimulation::push(SteadyTime at, Stage stage, SteadyTime sent_at, bool accepted) {
  events_.push({at, order_++, stage, sent_at, accepted});
}

double QuotaSimulation::accepted_per_second() const { return accepted_ / span_.count(); }

double QuotaSimulation::refused_share() const {
  return static_cast<double>(refused_) / std::max(1, accepted_ + refused_);
}

std::size_t QuotaSimulation::most_sent_within(Seconds span) const {
  std::size_t most = 0;
  for (std::size_t first = 0, next = 0; next < sent_.size(); ++next) {
    while (sent_[next] - sent_[first] >= span) ++first;
    most = std::max(most, next - first + 1);
  }
  return most;
}

}  // namespace couponsync::test
