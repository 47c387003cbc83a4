#include "standard_streams.h"

#include <climits>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <fcntl.h>
#include <optional>
#include <poll.h>
#include <unistd.h>

namespace couponsync::daemon {
namespace {

using Clock = std::chrono::steady_clock;

/// Neither can be written to: such a write fails with EBADF. The second is there even where /dev is empty.
int open_nothing() {
  const int descriptor = open("/dev/null", O_RDONLY | O_NOCTTY);
  return descriptor >= 0 ? descriptor : open("/", O_PATH | O_DIRECTORY);
}

/// Waits until a write of up to PIPE_BUF bytes does not block. False if the deadline is past; none: forever.
bool await_room(int descriptor, const std::optional<Clock::time_point>& deadline) {
  pollfd state{.fd = descriptor, .events = POLLOUT, .revents = 0};
  for (;;) {
    int wait = -1;
    if (deadline) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(*deadline - Clock::now()).count();
      wait = static_cast<int>(std::clamp<std::int64_t>(left, 0, INT_MAX));
    }
    const int ready = poll(&state, 1, wait);
    if (ready < 0 && errno == EINTR) continue;
    // What cannot be polled, or is broken, says so when it is written to.
    return ready != 0;
  }
}

}  // namespace

bool occupy_standard_streams() {
  for (const int wanted : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (fcntl(wanted, F_GETFD) >= 0) continue;
    // All lower ones are open, so this is the lowest free number.
    if (open_nothing() != wanted) return false;
  }
  return true;
}

Written write_to(int descriptor, std::string_view text, std::chrono::milliseconds patience) {
  const bool waits_forever = patience < std::chrono::milliseconds(0);
  std::optional<Clock::time_point> deadline;
  if (!waits_forever) deadline = Clock::now() + patience;
  Written written;
  while (written.bytes < text.size()) {
    if (!waits_forever && !await_room(descriptor, deadline)) {
      written.error = ETIMEDOUT;
      return written;
    }
    const std::string_view rest = text.substr(written.bytes);
    const ssize_t count = write(descriptor, rest.data(),
                                waits_forever ? rest.size() : std::min<std::size_t>(rest.size(), PIPE_BUF));
    if (count > 0) {
      written.bytes += static_cast<std::size_t>(count);
    } else if (count < 0 && errno == EINTR) {
      continue;
    } else if (count < 0 && errno == EAGAIN && (waits_forever || Clock::now() < *deadline)) {
      await_room(descriptor, deadline);
    } else {
      written.error = count == 0 ? EIO : errno == EAGAIN ? ETIMEDOUT : errno;
      return written;
    }
  }
  return written;
}

}  // namespace couponsync::daemon
