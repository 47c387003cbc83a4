#include "sync/outage_gate.h"

#include <utility>

namespace couponsync {

OutageGate::Pass::Pass(Pass&& other) noexcept
    : gate_(std::exchange(other.gate_, nullptr)),
      try_number_(other.try_number_),
      has_waited_(other.has_waited_) {}

OutageGate::Pass::~Pass() { ended(); }  // cancelled: the next one tries

void OutageGate::Pass::ended() {
  OutageGate* const gate = std::exchange(gate_, nullptr);
  if (gate != nullptr && is_try()) gate->try_ended(false);
}

void OutageGate::Pass::got_through() {
  OutageGate* const gate = std::exchange(gate_, nullptr);
  // A reply to a call that was sent before nothing worked says nothing about now.
  if (gate->is_shut() && !is_try()) return;
  gate->last_failures_ = {};
  if (!is_try()) return;
  gate->outage_.end();
  gate->pause_.over(PauseCause::no_domain_works);
  gate->try_ended(false);
}

void OutageGate::Pass::failed(Domain domain, const Failure& why) {
  OutageGate* const gate = std::exchange(gate_, nullptr);
  gate->last_failures_[static_cast<std::size_t>(domain)] = why;
  if (!is_try()) return;
  gate->try_ended(true);
  if (gate->is_shut()) gate->pause_.no_domain_works(gate->reason());
}

void OutageGate::try_ended(bool failed) {
  outage_.try_ends(failed, env_.steady_now());
  changed_.notify_all();
}

void OutageGate::begin(const Failure& why) {
  if (outage_.under_way()) return;
  why_begun_ = why;
  outage_.begin(env_.steady_now());
  pause_.no_domain_works(reason());
}

Failure OutageGate::reason() const {
  const auto& [primary, backup] = last_failures_;
  return primary ? *primary : backup.value_or(why_begun_);
}

Task<OutageGate::Pass> OutageGate::enter() {
  if (!outage_.under_way()) co_return Pass(this, std::nullopt, false);
  const Turn::Holder turn = co_await turn_.take();
  for (;;) {
    if (!outage_.under_way()) co_return Pass(this, std::nullopt, true);
    const SteadyTime now = env_.steady_now();
    const std::optional<SteadyTime> try_at = outage_.next_try_at();
    if (try_at && *try_at <= now) co_return Pass(this, outage_.try_begins(now), true);
    if (try_at)
      co_await changed_.wait_until(env_, *try_at);
    else
      co_await changed_.wait();
  }
}

}  // namespace couponsync
