#include "sync/sending_gate.h"

#include <utility>

namespace couponsync {

SendingGate::Pass::Pass(Pass&& other) noexcept
    : gate_(std::exchange(other.gate_, nullptr)), alone_(std::exchange(other.alone_, false)) {}

SendingGate::Pass::~Pass() {
  // Cancelled, or answered by what says nothing of the credentials: the next one tries.
  if (gate_ != nullptr && alone_) gate_->become(State::untried);
}

void SendingGate::Pass::accepted() {
  if (!std::exchange(alone_, false)) return;
  gate_->probing_ = false;
  gate_->become(State::open);
}

SendingGate::Doubt::Doubt(Doubt&& other) noexcept : gate_(std::exchange(other.gate_, nullptr)) {}

SendingGate::Doubt& SendingGate::Doubt::operator=(Doubt&& other) noexcept {
  std::swap(gate_, other.gate_);
  return *this;
}

SendingGate::Doubt::~Doubt() {
  if (gate_ != nullptr) gate_->become(State::untried);
}

void SendingGate::Doubt::dispelled() { std::exchange(gate_, nullptr)->become(State::open); }

void SendingGate::Doubt::confirmed(const Failure& refusal) { std::exchange(gate_, nullptr)->shut(refusal); }

Task<SendingGate::Pass> SendingGate::enter() {
  while (state_ != State::open && state_ != State::untried) co_await changed_.wait();
  const bool alone = state_ == State::untried;
  if (alone) state_ = State::trying;
  co_return Pass(this, alone);
}

std::optional<SendingGate::Doubt> SendingGate::refused(Pass& pass, const Failure& refusal) {
  if (state_ != State::open && !pass.alone_) return std::nullopt;
  pass.alone_ = false;
  if (probing_) {
    shut(refusal);
    return std::nullopt;
  }
  become(State::doubted);
  return Doubt(this);
}

void SendingGate::reset() {
  refusal_.reset();
  become(State::untried);
}

void SendingGate::shut(const Failure& refusal) {
  refusal_ = refusal;
  probing_ = true;
  become(State::shut);
}

void SendingGate::become(State state) {
  state_ = state;
  changed_.notify_all();
}

}  // namespace couponsync
