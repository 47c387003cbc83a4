#pragma once

#include "store/mirror_status.h"

#include <filesystem>
#include <memory>
#include <optional>
#include <stop_token>

namespace SQLite {
class Database;
}

namespace couponsync {

/// A connection that reads the mirror beside the one that writes, in the same process: opened once, closed at
/// the end. It holds up no commit; the log alone waits for the end of a reading. One thread at a time.
class MirrorReader {
 public:
  /// Opens the file that `Mirror::open` opened. Throws MirrorError.
  explicit MirrorReader(const std::filesystem::path& path);
  MirrorReader(const MirrorReader&) = delete;
  MirrorReader& operator=(const MirrorReader&) = delete;
  ~MirrorReader();

  /// Reads all of it in one transaction. Throws MirrorError (refused, unwritable) where the mirror is not
  /// ours, of another schema version, or cannot be read.
  MirrorStatus status(const MirrorStatusOptions& options);

 private:
  std::filesystem::path path_;
  std::unique_ptr<SQLite::Database> database_;
};

/// Reads all of it in one transaction, beside a service that writes or without one, with no more than the
/// right to read the file. None if there is no such file. Throws MirrorError (refused, unwritable) where it
/// is not ours, of another schema version, or cannot be read. Any thread, but never in the process that
/// writes to it, whose locks this would give up: that has a MirrorReader.
std::optional<MirrorStatus> read_mirror_status(const std::filesystem::path& path,
                                               const MirrorStatusOptions& options = {});

}  // namespace couponsync
