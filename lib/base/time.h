#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace couponsync {

/// Seconds since 1970-01-01T00:00:00Z, as the mirror stores every instant.
using UnixSeconds = std::int64_t;

using SteadyTime = std::chrono::steady_clock::time_point;
using WallTime = std::chrono::system_clock::time_point;

inline UnixSeconds to_unix_seconds(WallTime time) {
  return std::chrono::floor<std::chrono::seconds>(time.time_since_epoch()).count();
}

/// What lies further ahead than that was noted by a clock that was wrong, or this one is.
constexpr UnixSeconds kMostAhead = 60;

/// Whether that was within the last `max_age`, as far as a noted time can be believed.
inline bool is_recent(std::optional<UnixSeconds> noted, std::chrono::seconds max_age, UnixSeconds now) {
  return noted && *noted <= now + kMostAhead && now - *noted <= max_age.count();
}

}  // namespace couponsync
