#include "store/file_identity.h"

#include <cerrno>

namespace couponsync {

namespace {

std::chrono::nanoseconds time_of(const struct timespec& time) {
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

}  // namespace

FileAtPath look_at(const std::filesystem::path& path) {
  struct stat status{};
  if (stat(path.c_str(), &status) != 0) {
    const bool gone = errno == ENOENT || errno == ENOTDIR || errno == ELOOP;
    FileAtPath absent;
    if (gone) absent.presence = FileAtPath::Presence::gone;
    return absent;
  }
  return {.presence = FileAtPath::Presence::there,
          .identity = identity_of(status),
          .size = static_cast<std::uintmax_t>(status.st_size),
          .modified = time_of(status.st_mtim),
          .changed = time_of(status.st_ctim)};
}

}  // namespace couponsync
