#pragma once

#include "base/time.h"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace couponsync {

/// How many replies came in each tenth of the last 60 s, accepted and refused. Pure: `now` never goes back.
class ReplyHistory {
 public:
  using Seconds = std::chrono::duration<double>;
  static constexpr Seconds kSpan{60};

  explicit ReplyHistory(SteadyTime now);

  void accepted(SteadyTime now) { ++slot_at(now).accepted; }
  void refused(SteadyTime now) { ++slot_at(now).refused; }

  /// Accepted replies of the last `span`, at most kSpan.
  std::uint32_t accepted_within(Seconds span, SteadyTime now);
  /// The part of the replies of the last `span` that were refused; 0 without replies.
  double refused_share_within(Seconds span, SteadyTime now);
  /// The highest mean, per second, of accepted replies over `mean` within the last `span`.
  double highest_accepted_rate(Seconds mean, Seconds span, SteadyTime now);

 private:
  static constexpr std::chrono::milliseconds kSlot{100};
  static constexpr std::size_t kSlots = 600;

  struct Slot {
    std::uint32_t accepted = 0;
    std::uint32_t refused = 0;
  };

  static std::size_t slots_of(Seconds span);
  /// Moves on to the slot of `now`, emptying those that were skipped.
  Slot& slot_at(SteadyTime now);
  /// The slot `age` slots before the present one.
  const Slot& slot_before(std::size_t age) const { return slots_[(newest_ + kSlots - age) % kSlots]; }

  SteadyTime newest_begin_;
  std::size_t newest_ = 0;
  std::array<Slot, kSlots> slots_{};
};

}  // namespace couponsync
