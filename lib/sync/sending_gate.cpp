#include "sync/sending_gate.h"

#include <utility>

namespace couponsync {

SendingGate::Pass::Pass(Pass&& other) noexcept
    : gate_(std::exchange(other.gate_, nullptr)), alone_(std::exchange(other.alone_, false)) {}

SendingGate::Pass::~Pass() {
  if (gate_ == nullptr || !alone_) return;
  // Cancelled before there was an answer: the next one tries.
  gate_->state_ = State::untried;
  gate_->changed_.notify_all();
}

void SendingGate::Pass::settle() {
  if (!std::exchange(alone_, false)) return;
  gate_->state_ = State::open;
  gate_->changed_.notify_all();
}

Task<Result<SendingGate::Pass>> SendingGate::enter() {
  while (!refusal_ && state_ == State::trying) co_await changed_.wait();
  if (refusal_) co_return *refusal_;
  const bool alone = state_ == State::untried;
  if (alone) state_ = State::trying;
  co_return Pass(this, alone);
}

void SendingGate::shut(const Failure& refusal) {
  refusal_ = refusal;
  changed_.notify_all();
}

void SendingGate::reset() {
  refusal_.reset();
  state_ = State::untried;
}

}  // namespace couponsync
