#pragma once

#include <chrono>
#include <cstdint>

namespace couponsync {

/// Seconds since 1970-01-01T00:00:00Z, as the mirror stores every instant.
using UnixSeconds = std::int64_t;

using SteadyTime = std::chrono::steady_clock::time_point;
using WallTime = std::chrono::system_clock::time_point;

inline UnixSeconds to_unix_seconds(WallTime time) {
  return std::chrono::floor<std::chrono::seconds>(time.time_since_epoch()).count();
}

}  // namespace couponsync
