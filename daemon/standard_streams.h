#pragma once

#include <chrono>
#include <cstddef>
#include <string_view>

namespace couponsync::daemon {

/// Puts something on each of the descriptors 0 to 2 that the caller left closed: the next file that is opened
/// takes the lowest free number, and what is written to stdout or stderr would land in the mirror. Reading
/// from it ends at once, writing to it fails. The first thing that `main` does. False if even that fails.
bool occupy_standard_streams();

struct Written {
  std::size_t bytes = 0;
  int error = 0;  ///< errno; ETIMEDOUT: it took no more within the patience; 0: all was written
};

inline constexpr std::chrono::milliseconds kForever{-1};

/// Writes the text to a descriptor, whatever that is: a signal, a short write and a descriptor that does not
/// block are no errors, and a pipe that nobody empties holds up the caller no longer than `patience`.
Written write_to(int descriptor, std::string_view text, std::chrono::milliseconds patience);

}  // namespace couponsync::daemon
