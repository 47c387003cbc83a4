#pragma once

#include "store/file_identity.h"

#include <cstdint>
#include <filesystem>
#include <vector>

namespace couponsync {

/// What a running mirror consists of.
enum class MirrorPart {
  file,   ///< the database
  name,   ///< the path it was configured by, where that leads to the file by symbolic links
  log,    ///< -wal
  index,  ///< -shm
  lock,   ///< .lock
};

/// A part that is not what it was.
struct FileLoss {
  MirrorPart part = MirrorPart::file;
  bool replaced = false;    ///< another file has its name; else nothing has
  std::uintmax_t size = 0;  ///< of that other file
};

/// Inside the store: sees that the mirror's files are still those that were opened, whatever others do in
/// their folder. Who writes on into a file without a name loses it all; and a second writer, or a log that is
/// played over another file, damages the new one. Asks by `stat` alone. Not thread-safe.
class FileWatch {
 public:
  void add(MirrorPart part, std::filesystem::path path, FileIdentity identity);
  /// As it is now.
  void add(MirrorPart part, std::filesystem::path path);

  /// None: all are in place, or nothing can be learned at the moment.
  std::vector<FileLoss> look() const;
  const std::filesystem::path& path_of(MirrorPart part) const;

 private:
  struct Watched {
    MirrorPart part;
    std::filesystem::path path;
    FileIdentity identity;
  };
  std::vector<Watched> files_;
};

}  // namespace couponsync
