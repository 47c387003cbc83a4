#include "sync/outage.h"

#include <algorithm>
#include <chrono>

namespace couponsync {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::seconds kBetweenTries = 2s;
/// With the default api.request_timeout of 20 s this many are enough to go on trying where nothing answers.
constexpr int kMostOut = 10;

/// From the `number`-th try on, counted from 1, to the next one, if it failed.
std::chrono::seconds wait_after(int number) {
  if (number == 1) return 0s;
  return number == 2 ? 1s : kBetweenTries;
}

}  // namespace

void Outage::begin(SteadyTime now) {
  since_ = now;
  next_try_at_ = now;
  tries_ = 0;
}

std::optional<SteadyTime> Outage::next_try_at() const {
  if (out_ >= kMostOut) return std::nullopt;
  return next_try_at_;
}

int Outage::try_begins(SteadyTime now) {
  ++out_;
  last_try_at_ = now;
  next_try_at_ = now + kBetweenTries;
  return tries_++;
}

void Outage::try_ends(bool failed, SteadyTime now) {
  --out_;
  if (failed) next_try_at_ = std::min(next_try_at_, std::max(now, last_try_at_ + wait_after(tries_)));
}

}  // namespace couponsync
