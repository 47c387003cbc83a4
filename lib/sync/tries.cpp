#include "sync/tries.h"

#include <algorithm>
#include <cstddef>

namespace couponsync {

void Tries::begin(SteadyTime now, SteadyTime first_at) {
  since_ = now;
  next_at_ = first_at;
  begun_ = 0;
  out_ = 0;
}

void Tries::hurry(SteadyTime now) { next_at_ = std::min(next_at_, now); }

std::optional<SteadyTime> Tries::next_at() const {
  if (out_ >= tempo_.most_out) return std::nullopt;
  return next_at_;
}

int Tries::one_begins(SteadyTime now) {
  ++out_;
  last_at_ = now;
  next_at_ = now + tempo_.every;
  return begun_++;
}

void Tries::one_ends(End end, SteadyTime now) {
  --out_;
  if (end == End::undecided) {
    next_at_ = std::min(next_at_, now + tempo_.undecided);
    return;
  }
  const auto number = static_cast<std::size_t>(std::max(begun_, 1) - 1);
  const std::chrono::seconds wait = number < tempo_.early.size() ? tempo_.early[number] : tempo_.every;
  next_at_ = std::min(next_at_, std::max(now, last_at_ + wait));
}

}  // namespace couponsync
