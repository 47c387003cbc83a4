#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace couponsync::daemon {

/// "500ms", "20s", "15m", "2h", "1d"; nothing for anything else, or for more than a hundred years.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);

/// The same form, in the largest unit that is exact.
std::string format_duration(std::chrono::milliseconds duration);

}  // namespace couponsync::daemon
