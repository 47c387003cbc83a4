#include "sync/due_times.h"

#include <algorithm>

namespace couponsync {
namespace {

constexpr std::int64_t kMostSlots = 15;
constexpr std::int64_t kListingsPerSlot = 64;
constexpr std::int64_t kShortestSlotted = 60;
/// Clocks are set back by a little all the time.
constexpr std::int64_t kClockSlack = 5;

}  // namespace

DueTimes::DueTimes(std::chrono::seconds interval, std::size_t listings)
    : interval_(interval.count()),
      slots_(interval_ < kShortestSlotted
                 ? 1
                 : std::clamp<std::int64_t>(static_cast<std::int64_t>(listings) / kListingsPerSlot, 1,
                                            kMostSlots)) {}

UnixSeconds DueTimes::next(ListingId listing, UnixSeconds started_at) const {
  if (slots_ == 1) return started_at + interval_;
  const std::int64_t phase = listing % slots_ * interval_ / slots_;
  const UnixSeconds earliest = started_at + interval_ / 4;
  const std::int64_t into = (earliest - phase) % interval_;
  return into == 0 ? earliest : earliest + interval_ - into;
}

bool DueTimes::explain(UnixSeconds due_at, UnixSeconds now) const {
  const std::int64_t longest = slots_ == 1 ? interval_ : interval_ + interval_ / 4;
  return due_at - now <= longest + kClockSlack;
}

}  // namespace couponsync
