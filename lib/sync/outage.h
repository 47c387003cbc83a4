#pragma once

#include "base/time.h"

#include <optional>

namespace couponsync {

/// While no domain works, single calls try: two at once, one a second later, and then one every two seconds,
/// so that its end is noticed within that time. A try that stays unanswered does not hold the next one back,
/// but only so many are out at once. Pure: takes `now`.
class Outage {
 public:
  bool under_way() const { return since_.has_value(); }
  std::optional<SteadyTime> since() const { return since_; }

  /// Nothing works any more; what went before is forgotten.
  void begin(SteadyTime now);
  void end() { since_.reset(); }

  /// When the next try may go; nothing while as many are out as may be: one has to end first.
  std::optional<SteadyTime> next_try_at() const;
  /// Gives the try's number, from 0.
  int try_begins(SteadyTime now);
  void try_ends(bool failed, SteadyTime now);

 private:
  std::optional<SteadyTime> since_;
  SteadyTime next_try_at_{};
  SteadyTime last_try_at_{};
  int tries_ = 0;
  int out_ = 0;
};

}  // namespace couponsync
