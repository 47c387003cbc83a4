#pragma once

#include <cmath>

namespace couponsync {

/// Unix seconds with their fraction: what the freshness policy reckons in. Whoever asks the policy derives it
/// from the steady clock and one reading of the wall clock, so that it never goes back.
using Moment = double;

constexpr double kHourSeconds = 3600;
constexpr double kDaySeconds = 86400;

/// What is left of a weight after that time.
inline double decayed_share(double seconds, double half_life) {
  return seconds > 0 ? std::exp2(-seconds / half_life) : 1;
}

}  // namespace couponsync
