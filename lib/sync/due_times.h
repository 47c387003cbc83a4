#pragma once

#include "base/listing.h"
#include "base/time.h"

#include <chrono>
#include <cstddef>

namespace couponsync {

/// When a listing is read again, so that the load is spread evenly over the interval: each listing has a slot
/// of the interval of its own, by its number. One that was read outside its slot (the first time, on demand,
/// after a failure) comes to it between a quarter and five quarters of the interval later; from then on it is
/// read once an interval. Slots are wide enough to make each a run worth its row: a short interval and a
/// small watchlist have only one, which begins where the last run did. Pure.
class DueTimes {
 public:
  DueTimes(std::chrono::seconds interval, std::size_t listings);

  UnixSeconds next(ListingId listing, UnixSeconds started_at) const;

  /// Whether a due time that was stored can be believed: with this interval it cannot lie further ahead than
  /// that, unless the clock was ahead when it was stored or the interval was another one.
  bool explain(UnixSeconds due_at, UnixSeconds now) const;

 private:
  std::int64_t interval_;
  std::int64_t slots_;
};

}  // namespace couponsync
