#include "sync/sending_gate.h"

#include <utility>

namespace couponsync {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::seconds kProbeEvery = 60s;
constexpr TryTempo kTempo{.first = kProbeEvery,
                          // Those who were asked may have been refused alone, all of them.
                          .early = {5s, 15s},
                          .every = kProbeEvery,
                          .undecided = 0s,
                          .most_out = 1};
/// Of the first calls, a listing that hangs keeps no others waiting for its deadline.
constexpr std::chrono::seconds kLongUnanswered = 2s;
constexpr TryTempo kFirstCalls{.first = 0s,
                               .early = {kLongUnanswered, kLongUnanswered},
                               .every = kLongUnanswered,
                               .undecided = 0s,
                               .most_out = 16};

}  // namespace

SendingGate::SendingGate(Env& env, Events& events, const boost::asio::any_io_executor& executor)
    : env_(env), events_(events), valve_(env, kTempo, executor) {
  reset();
}

void SendingGate::reset() { valve_.hold_for_next(kFirstCalls); }

void SendingGate::Pass::accepted() {
  if (!pass_.is_current_try()) return;
  const bool was_refused = std::exchange(gate_->refusal_, std::nullopt).has_value();
  gate_->valve_.release();
  pass_.undecided();
  if (was_refused) gate_->events_.refusal_over();
}

void SendingGate::Doubt::dispelled() {
  gate_->valve_.release();
  pass_.undecided();
}

void SendingGate::Doubt::confirmed(const Failure& refusal) { gate_->confirm(pass_, refusal); }

void SendingGate::confirm(Valve::Pass& pass, const Failure& refusal) {
  refusal_ = refusal;
  pass.failed();
  const SteadyTime now = env_.steady_now();
  const SteadyTime next = valve_.next_try_at().value_or(now + kProbeEvery);
  events_.sending_stopped(refusal, std::chrono::ceil<std::chrono::seconds>(next - now));
}

Task<SendingGate::Pass> SendingGate::enter() {
  Valve::Pass pass = co_await valve_.enter();
  co_return Pass(this, std::move(pass));
}

std::optional<SendingGate::Doubt> SendingGate::refused(Pass& pass, const Failure& refusal) {
  const bool is_first_call = pass.pass_.is_current_try();
  if (is_first_call && refusal_) {
    confirm(pass.pass_, refusal);
    return std::nullopt;
  }
  if (valve_.holds() && !is_first_call) return std::nullopt;
  // What the other first calls show counts no more: no more of them go.
  valve_.release();
  return Doubt(this, valve_.hold_and_try());
}

}  // namespace couponsync
