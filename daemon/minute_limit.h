#pragma once

#include "base/time.h"

#include <chrono>
#include <optional>

namespace couponsync::daemon {

/// So many a minute. Pure: `now` never goes back.
class MinuteLimit {
 public:
  explicit MinuteLimit(int most = 1) : most_(most) {}

  bool allows(SteadyTime now) {
    begin_minute(now);
    return ++used_ <= most_;
  }
  /// The last one that was allowed used up the minute.
  bool is_used_up() const { return used_ == most_; }

 private:
  void begin_minute(SteadyTime now) {
    if (began_ && now - *began_ < std::chrono::minutes(1)) return;
    began_ = now;
    used_ = 0;
  }

  int most_;
  int used_ = 0;
  std::optional<SteadyTime> began_;
};

}  // namespace couponsync::daemon
