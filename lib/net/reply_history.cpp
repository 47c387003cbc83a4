#include "net/reply_history.h"

#include <algorithm>
#include <cmath>

namespace couponsync {

ReplyHistory::ReplyHistory(SteadyTime now) : newest_begin_(now) {}

std::size_t ReplyHistory::slots_of(Seconds span) {
  const auto slots = static_cast<std::size_t>(std::lround(span / Seconds(kSlot)));
  return std::clamp<std::size_t>(slots, 1, kSlots);
}

ReplyHistory::Slot& ReplyHistory::slot_at(SteadyTime now) {
  const auto passed = static_cast<std::size_t>(std::max<SteadyTime::rep>((now - newest_begin_) / kSlot, 0));
  for (std::size_t i = 0; i < std::min(passed, kSlots); ++i) {
    newest_ = (newest_ + 1) % kSlots;
    slots_[newest_] = Slot{};
  }
  newest_begin_ += kSlot * passed;
  return slots_[newest_];
}

std::uint32_t ReplyHistory::accepted_within(Seconds span, SteadyTime now) {
  slot_at(now);
  std::uint32_t sum = 0;
  for (std::size_t age = 0; age < slots_of(span); ++age) sum += slot_before(age).accepted;
  return sum;
}

double ReplyHistory::refused_share_within(Seconds span, SteadyTime now) {
  slot_at(now);
  Slot sum;
  for (std::size_t age = 0; age < slots_of(span); ++age) {
    sum.accepted += slot_before(age).accepted;
    sum.refused += slot_before(age).refused;
  }
  return sum.refused == 0 ? 0 : static_cast<double>(sum.refused) / (sum.accepted + sum.refused);
}

double ReplyHistory::highest_accepted_rate(Seconds mean, Seconds span, SteadyTime now) {
  slot_at(now);
  const std::size_t width = slots_of(mean);
  std::uint32_t sum = 0;
  std::uint32_t highest = 0;
  for (std::size_t age = 0; age < slots_of(span); ++age) {
    sum += slot_before(age).accepted;
    if (age >= width) sum -= slot_before(age - width).accepted;
    highest = std::max(highest, sum);
  }
  return highest / Seconds(kSlot * width).count();
}

}  // namespace couponsync
