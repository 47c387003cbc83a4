#include "store/writer_lock.h"

#include "store/errors.h"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <string>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace couponsync {
namespace {

constexpr mode_t kMode = 0640;

/// What the holder wrote: "PID COMMAND".
std::string holder_of(int descriptor) {
  std::array<char, 128> text{};
  const ssize_t size = pread(descriptor, text.data(), text.size(), 0);
  const std::string line(text.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
  const auto space = line.find(' ');
  const auto end = line.find('\n');
  if (space == std::string::npos || end == std::string::npos || space > end) return "another process";
  return "process " + line.substr(0, space) + " (" + line.substr(space + 1, end - space - 1) + ")";
}

void write_holder(int descriptor, const std::filesystem::path& mirror) {
  const std::string line = std::to_string(getpid()) + " " + program_invocation_short_name + "\n";
  if (ftruncate(descriptor, 0) != 0 ||
      pwrite(descriptor, line.data(), line.size(), 0) != static_cast<ssize_t>(line.size()))
    throw system_error(mirror, "cannot write its lock file", errno);
}

int open_lock_file(const std::filesystem::path& mirror) {
  const std::string path = mirror.string() + ".lock";
  const int descriptor = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, kMode);
  if (descriptor < 0) {
    const int error = errno;
    throw system_error(mirror, "cannot open its lock file " + path, error);
  }
  return descriptor;
}

int lock(int descriptor) {
  while (flock(descriptor, LOCK_EX | LOCK_NB) != 0)
    if (errno != EINTR) return errno;
  return 0;
}

}  // namespace

WriterLock::WriterLock(const std::filesystem::path& mirror) : descriptor_(open_lock_file(mirror)) {
  try {
    const int error = lock(descriptor_);
    if (error == EWOULDBLOCK)
      throw mirror_error(MirrorError::Reason::in_use, mirror, "in use by " + holder_of(descriptor_),
                         "stop it first: a mirror has one writer");
    if (error != 0) throw system_error(mirror, "cannot lock its lock file", error);
    write_holder(descriptor_, mirror);
    if (fchmod(descriptor_, kMode) != 0 && errno != EPERM)
      throw system_error(mirror, "cannot set its lock file's mode", errno);
  } catch (...) {
    close(descriptor_);
    throw;
  }
}

WriterLock::WriterLock(WriterLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

// A name left behind would accuse whoever has that process id next.
WriterLock::~WriterLock() {
  if (descriptor_ < 0) return;
  [[maybe_unused]] const int emptied = ftruncate(descriptor_, 0);
  close(descriptor_);
}

}  // namespace couponsync
