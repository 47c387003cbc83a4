#pragma once

namespace couponsync::daemon {

bool stderr_is_terminal();

/// Back to the line's beginning, and the line emptied (ECMA-48).
inline constexpr const char* kClearLine = "\r\033[K";

}  // namespace couponsync::daemon
