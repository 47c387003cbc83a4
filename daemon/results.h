#pragma once

#include <string_view>

namespace couponsync::daemon {

/// Writes what the program was asked for to stdout, at once. What cannot be written is remembered, and
/// `finish_results` tells. On the main thread.
void print(std::string_view text);

/// The process's exit code, once all is printed. If results could not be written, it says so on stderr, and
/// success becomes kExitOutputUnwritable; so do kExitUnhealthy and kExitIncomplete, for their details are
/// lost. Graver ones stay.
int finish_results(int exit_code);

}  // namespace couponsync::daemon
