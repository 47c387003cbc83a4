#pragma once

#include "store/descriptor.h"
#include "store/file_identity.h"

#include <filesystem>
#include <string>

/// Inside the store: the mirror as a file, before SQLite sees it.
namespace couponsync {

/// The absolute path without symbolic links, so that a mirror has one lock file whatever it is called by.
/// Throws MirrorError.
std::filesystem::path resolve_mirror_path(const std::filesystem::path& path);

/// SQLite's write-ahead log, and the index of it that its users share.
inline std::filesystem::path log_of(const std::filesystem::path& mirror) { return mirror.string() + "-wal"; }
inline std::filesystem::path log_index_of(const std::filesystem::path& mirror) {
  return mirror.string() + "-shm";
}

/// Sees by its header that an existing file may be ours. Throws MirrorError. Never called by the process that
/// writes to the mirror: it closes a descriptor of the file.
void check_mirror_file(const std::filesystem::path& path);

/// The file that this process writes to: open from before SQLite opens it until after SQLite has closed it,
/// and held by an flock of its own, so that no second writer gets at it even if the lock file is removed.
class MirrorFile {
 public:
  /// Makes the file, empty and with mode 0640 (SQLite gives -wal and -shm the mode it finds), or sees by its
  /// header that it may be ours. Nothing of a file that is not ours is touched. `path` is resolved; called
  /// with the writer lock held. Throws MirrorError.
  explicit MirrorFile(const std::filesystem::path& path);

  const std::filesystem::path& path() const { return path_; }
  FileIdentity identity() const { return identity_; }
  /// Whether the file still has a name somewhere: if not, it was deleted.
  bool has_a_name() const;

 private:
  std::filesystem::path path_;
  Descriptor descriptor_;
  FileIdentity identity_;
};

}  // namespace couponsync
