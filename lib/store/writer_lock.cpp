#include "store/writer_lock.h"

#include "store/errors.h"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <string>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace couponsync {
namespace {

constexpr mode_t kMode = 0640;
constexpr int kAttempts = 100;

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

Descriptor open_lock_file(const std::filesystem::path& mirror) {
  const std::filesystem::path path = WriterLock::file_of(mirror);
  Descriptor file(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, kMode));
  if (!file.is_open()) {
    const int error = errno;
    throw system_error(mirror, "cannot open its lock file " + path.string(), error);
  }
  return file;
}

void lock(int descriptor, const std::filesystem::path& mirror) {
  while (flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    if (errno == EINTR) continue;
    if (errno == EWOULDBLOCK)
      throw mirror_error(MirrorError::Reason::in_use, mirror, "in use by " + holder_of(descriptor),
                         "stop it first: a mirror has one writer");
    throw system_error(mirror, "cannot lock its lock file", errno);
  }
}

FileIdentity identity_of_open(int descriptor, const std::filesystem::path& mirror) {
  struct stat status{};
  if (fstat(descriptor, &status) != 0) throw system_error(mirror, "cannot examine its lock file", errno);
  return identity_of(status);
}

/// Locked, and still the file of that name: a lock on one that was removed meanwhile keeps nobody out.
Descriptor lock_file(const std::filesystem::path& mirror) {
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    Descriptor file = open_lock_file(mirror);
    lock(file.get(), mirror);
    const FileAtPath named = look_at(WriterLock::file_of(mirror));
    if (named.presence == FileAtPath::Presence::unknown) return file;
    if (named.identity == identity_of_open(file.get(), mirror)) return file;
  }
  throw mirror_error(MirrorError::Reason::in_use, mirror, "its lock file is removed again and again",
                     "find the program that does it");
}

}  // namespace

WriterLock::WriterLock(const std::filesystem::path& mirror)
    : descriptor_(lock_file(mirror)), identity_(identity_of_open(descriptor_.get(), mirror)) {
  write_holder(descriptor_.get(), mirror);
  if (fchmod(descriptor_.get(), kMode) != 0 && errno != EPERM)
    throw system_error(mirror, "cannot set its lock file's mode", errno);
}

// A name left behind would accuse whoever has that process id next.
WriterLock::~WriterLock() {
  if (!descriptor_.is_open()) return;
  [[maybe_unused]] const int emptied = ftruncate(descriptor_.get(), 0);
}

}  // namespace couponsync
