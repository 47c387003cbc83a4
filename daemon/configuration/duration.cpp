#include "configuration/duration.h"

#include <array>
#include <charconv>

namespace couponsync::daemon {
namespace {

using std::chrono::milliseconds;

struct Unit {
  std::string_view name;
  milliseconds length;
};

/// The largest first.
constexpr std::array kUnits{Unit{"d", std::chrono::days(1)}, Unit{"h", std::chrono::hours(1)},
                            Unit{"m", std::chrono::minutes(1)}, Unit{"s", std::chrono::seconds(1)},
                            Unit{"ms", milliseconds(1)}};
constexpr milliseconds kLongest = std::chrono::days(36'525);

}  // namespace

std::optional<milliseconds> parse_duration(std::string_view text) {
  std::int64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc{} || count < 0) return std::nullopt;
  const std::string_view name = text.substr(static_cast<std::size_t>(end - text.data()));
  for (const Unit& unit : kUnits) {
    if (unit.name != name) continue;
    if (count > kLongest / unit.length) return std::nullopt;
    return count * unit.length;
  }
  return std::nullopt;
}

std::string format_duration(milliseconds duration) {
  for (const Unit& unit : kUnits)
    if (duration >= unit.length && duration % unit.length == milliseconds::zero())
      return std::to_string(duration / unit.length) + std::string(unit.name);
  return std::to_string(duration.count()) + "ms";
}

}  // namespace couponsync::daemon
