#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <sys/stat.h>

/// Inside the store: which file it is, whatever it is called.
namespace couponsync {

struct FileIdentity {
  dev_t device = 0;
  ino_t inode = 0;
  bool operator==(const FileIdentity&) const = default;
};

inline FileIdentity identity_of(const struct stat& status) { return {status.st_dev, status.st_ino}; }

/// What a path leads to at this moment. It is asked by `stat` alone, which opens nothing: whoever closes a
/// descriptor of a file gives up every POSIX lock that its process has on it, SQLite's own among them
/// (https://www.sqlite.org/howtocorrupt.html, 2.2).
struct FileAtPath {
  enum class Presence { there, gone, unknown };  ///< unknown: the folder cannot be searched, the disk fails
  Presence presence = Presence::unknown;
  FileIdentity identity;
  std::uintmax_t size = 0;
  std::chrono::nanoseconds modified{0};
  std::chrono::nanoseconds changed{0};  ///< nobody can set it back, unlike `modified`
};

FileAtPath look_at(const std::filesystem::path& path);

}  // namespace couponsync
