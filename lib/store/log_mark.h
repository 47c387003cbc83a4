#pragma once

#include <array>
#include <cstddef>
#include <filesystem>
#include <optional>

namespace SQLite {
class Database;
}

/// Inside the store: whether a write-ahead log belongs to the file beside it. SQLite plays whatever log it
/// finds over whatever file it finds, and a copy put in the place of a file whose log was left where it was
/// is damaged by that.
namespace couponsync {

/// Two random numbers, kept in `mirror_property`. Each time the log has been moved into the file to its end,
/// the next transaction that writes puts a new number in the place of the one that the file has now. So
/// however far a log has been moved, its file has, taken by itself, one of the two numbers that the log
/// gives; an older or a younger copy has neither. Nothing in it depends on names, inodes or times: files that
/// are copied together still belong together.
struct LogMark {
  using Number = std::array<std::byte, 16>;
  Number now{};
  std::optional<Number> before;  ///< none: the file had none
};

/// None: not there, as before the first transaction of a program that keeps it.
std::optional<LogMark> read_log_mark(SQLite::Database& database);
void write_log_mark(SQLite::Database& database, const LogMark& mark);
LogMark next_log_mark(const std::optional<LogMark>& present);

/// A mirror's file as it is without its log.
struct FileAlone {
  /// It begins as a database does that has a log; what VACUUM INTO makes does not, nor does an empty file.
  bool keeps_a_log = false;
  bool makes_sense = false;  ///< not so between the beginning and the end of a checkpoint
  std::optional<LogMark> mark;
  bool was_opened = true;  ///< else nothing is known: this process may be short of descriptors
};

FileAlone read_file_alone(const std::filesystem::path& path);

/// Whether a log in which the mark is `mark` can be that of `file`; true where it cannot be known.
bool log_fits(const FileAlone& file, const std::optional<LogMark>& mark);

/// Sees that no log lies where there is no file, or an empty one: SQLite would remove it on sight. Throws
/// MirrorError (refused).
void require_file_of_log(const std::filesystem::path& path);

/// Sees, before anything is written, that a log found beside the file belongs to it. The first read of
/// `database` must be this one. Throws MirrorError (refused), and nothing was changed then.
void require_own_log(SQLite::Database& database, const std::filesystem::path& path);

}  // namespace couponsync
