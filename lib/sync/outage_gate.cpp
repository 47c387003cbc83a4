#include "sync/outage_gate.h"

#include <utility>

namespace couponsync {
namespace {

using namespace std::chrono_literals;

constexpr TryTempo kTempo{.first = 0s,
                          .early = {0s, 1s},
                          .every = 2s,
                          .undecided = 2s,
                          // With the default api.request_timeout of 20 s this many are enough to go on trying
                          // where nothing answers.
                          .most_out = 10};

}  // namespace

OutageGate::OutageGate(Env& env, SendingPause& pause, const boost::asio::any_io_executor& executor)
    : pause_(pause), valve_(env, kTempo, executor) {}

void OutageGate::Pass::got_through() {
  // A reply to a call that was sent before nothing worked says nothing about now.
  if (gate_->is_shut() && !is_try()) return;
  gate_->last_failures_ = {};
  if (!is_try()) return;
  gate_->valve_.release();
  gate_->pause_.over(PauseCause::no_domain_works);
  pass_.undecided();
}

void OutageGate::Pass::failed(Domain domain, const Failure& why) {
  gate_->last_failures_[static_cast<std::size_t>(domain)] = why;
  if (!is_try()) return;
  pass_.failed();
  if (gate_->is_shut()) gate_->pause_.no_domain_works(gate_->reason());
}

void OutageGate::begin(const Failure& why) {
  if (is_shut()) return;
  why_begun_ = why;
  valve_.hold();
  pause_.no_domain_works(reason());
}

Failure OutageGate::reason() const {
  const auto& [primary, backup] = last_failures_;
  return primary ? *primary : backup.value_or(why_begun_);
}

Task<OutageGate::Pass> OutageGate::enter() {
  Valve::Pass pass = co_await valve_.enter();
  co_return Pass(this, std::move(pass));
}

}  // namespace couponsync
