#include "sync/valve.h"

#include <utility>

namespace couponsync {

Valve::Pass::Pass(Pass&& other) noexcept
    : valve_(std::exchange(other.valve_, nullptr)),
      number_(other.number_),
      has_waited_(other.has_waited_),
      holding_(other.holding_) {}

Valve::Pass& Valve::Pass::operator=(Pass&& other) noexcept {
  undecided();
  valve_ = std::exchange(other.valve_, nullptr);
  number_ = other.number_;
  has_waited_ = other.has_waited_;
  holding_ = other.holding_;
  return *this;
}

Valve::Pass::~Pass() { undecided(); }

void Valve::Pass::end(Tries::End end) {
  Valve* const valve = std::exchange(valve_, nullptr);
  // What is over since then waits for it no more.
  if (valve == nullptr || !is_try() || holding_ != valve->holding_) return;
  valve->tries_.one_ends(end, valve->env_.steady_now());
  valve->changed_.notify_all();
}

Task<Valve::Pass> Valve::enter() {
  if (!holds()) co_return Pass(this, std::nullopt, false);
  const Turn::Holder turn = co_await turn_.take();
  for (;;) {
    if (!holds()) co_return Pass(this, std::nullopt, true);
    const SteadyTime now = env_.steady_now();
    const std::optional<SteadyTime> try_at = tries_.next_at();
    if (try_at && *try_at <= now) co_return Pass(this, tries_.one_begins(now), true);
    if (try_at)
      co_await changed_.wait_until(env_, *try_at);
    else
      co_await changed_.wait();
  }
}

void Valve::hold() {
  if (holds()) return;
  const SteadyTime now = env_.steady_now();
  ++holding_;
  tries_ = Tries(tempo_);
  tries_.begin(now, now + tempo_.first);
  changed_.notify_all();
}

Valve::Pass Valve::hold_and_try() {
  hold();
  return {this, tries_.one_begins(env_.steady_now()), false};
}

void Valve::hold_for_next(const TryTempo& tempo) {
  if (!holds()) {
    hold();
    tries_ = Tries(tempo);
    tries_.begin(env_.steady_now(), env_.steady_now());
  }
  hurry();
}

void Valve::release() {
  tries_.end();
  changed_.notify_all();
}

void Valve::hurry() {
  if (!holds()) return;
  tries_.hurry(env_.steady_now());
  changed_.notify_all();
}

}  // namespace couponsync
