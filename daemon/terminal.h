#pragma once

#include <cstddef>

namespace couponsync::daemon {

bool stderr_is_terminal();
/// How wide the terminal at stderr is now; 80 if it does not say.
std::size_t terminal_columns();

/// Back to the line's beginning, and the line emptied (ECMA-48).
inline constexpr const char* kClearLine = "\r\033[K";

}  // namespace couponsync::daemon
