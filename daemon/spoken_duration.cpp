#include "spoken_duration.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

namespace couponsync::daemon {

std::string spoken(std::chrono::seconds duration) {
  const std::int64_t s = std::max<std::int64_t>(duration.count(), 0);
  const auto two = [](std::int64_t large, const char* unit, std::int64_t rest, const char* rest_unit) {
    return rest == 0 ? fmt::format("{} {}", large, unit)
                     : fmt::format("{} {} {} {}", large, unit, rest, rest_unit);
  };
  if (s < 60) return fmt::format("{} s", s);
  if (s < 3'600) return two(s / 60, "min", s % 60, "s");
  if (s < 86'400) return two(s / 3'600, "h", s % 3'600 / 60, "min");
  return two(s / 86'400, "d", s % 86'400 / 3'600, "h");
}

}  // namespace couponsync::daemon
