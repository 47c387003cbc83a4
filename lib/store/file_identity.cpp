#include "store/file_identity.h"

#include <cerrno>

namespace couponsync {

FileAtPath look_at(const std::filesystem::path& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) {
    const bool gone = errno == ENOENT || errno == ENOTDIR || errno == ELOOP;
    FileAtPath absent;
    if (gone) absent.presence = FileAtPath::Presence::gone;
    return absent;
  }
  return {.presence = FileAtPath::Presence::there,
          .identity = identity_of(status),
          .size = static_cast<std::uintmax_t>(status.st_size),
          .modified =
              std::chrono::seconds(status.st_mtim.tv_sec) + std::chrono::nanoseconds(status.st_mtim.tv_nsec)};
}

}  // namespace couponsync
