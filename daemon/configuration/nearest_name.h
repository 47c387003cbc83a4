#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace couponsync::daemon {

/// The name that was probably meant: at most three edits away, and at most half of its own length.
std::optional<std::string> nearest_name(std::string_view found, const std::vector<std::string>& known);

}  // namespace couponsync::daemon
