#include "sync/outage_gate.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace couponsync {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::seconds kPatience = 40s;
constexpr std::chrono::seconds kFirstWait = 1s;
constexpr std::chrono::seconds kLongestWait = 5s;

}  // namespace

OutageGate::Pass::Pass(Pass&& other) noexcept
    : gate_(std::exchange(other.gate_, nullptr)), is_try_(other.is_try_) {}

OutageGate::Pass::~Pass() {
  if (gate_ != nullptr && is_try_) gate_->end_try();  // cancelled: the next one tries
}

void OutageGate::Pass::ended(const Failure* failure) {
  std::exchange(gate_, nullptr)->call_ended(failure, is_try_);
}

void OutageGate::call_ended(const Failure* failure, bool was_try) {
  if (failure == nullptr)
    since_.reset();
  else
    last_failure_ = *failure;
  if (!was_try) return;
  try_at_ = env_.steady_now();
  if (failure != nullptr) try_at_ += std::min(kFirstWait * (1 << std::min(failed_tries_++, 4)), kLongestWait);
  end_try();
}

void OutageGate::end_try() {
  trying_ = false;
  changed_.notify_all();
}

Task<Result<OutageGate::Pass>> OutageGate::enter() {
  for (;;) {
    const SteadyTime now = env_.steady_now();
    if (!domains_.all_avoided(now)) co_return Pass(this, false);
    if (!since_) {
      since_ = now;
      try_at_ = now;
      failed_tries_ = 0;
    }
    if (!trying_ && now >= try_at_) {
      trying_ = true;
      co_return Pass(this, true);
    }
    const SteadyTime give_up_at = *since_ + kPatience;
    if (now >= give_up_at && last_failure_) co_return *last_failure_;
    const SteadyTime until = trying_ ? give_up_at : std::min(try_at_, std::max(give_up_at, now));
    co_await changed_.wait_until(env_, until);
  }
}

}  // namespace couponsync
