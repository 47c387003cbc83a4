#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>

namespace SQLite {
class Database;
}

/// Inside the store: whether a write-ahead log belongs to the file beside it. SQLite plays whatever log it
/// finds over whatever file it finds, and a copy put in the place of a file whose log was left where it was
/// is damaged by that.
namespace couponsync {

/// Kept in `mirror_property`, and another one with every transaction that writes. A log has a random number,
/// and a new one each time it begins anew, which it does once it has been moved into the file to its end; the
/// commits are counted. So however far a log has been moved, its file is, taken by itself, at one of that
/// log's commits, or at the very commit that the log began behind; any other copy is at none of these.
/// Nothing in it depends on names, inodes or times: files that are copied together still belong together.
struct LogMark {
  using Number = std::array<std::byte, 16>;
  struct State {
    Number log{};
    std::uint64_t commit = 0;  ///< counted over all logs
    bool operator==(const State&) const = default;
  };
  State now{};
  std::optional<State> before;  ///< what the log began behind; none: the file had no mark
};

/// None: not there, as before the first transaction of a program that keeps it.
std::optional<LogMark> read_log_mark(SQLite::Database& database);
void write_log_mark(SQLite::Database& database, const LogMark& mark);
/// That of the transaction behind the one with the mark `present`.
LogMark next_log_mark(const std::optional<LogMark>& present, bool log_begins_anew);

/// A mirror's file as it is without its log.
struct FileAlone {
  /// It begins as a database does that has a log; what VACUUM INTO makes does not, nor does an empty file.
  bool keeps_a_log = false;
  bool makes_sense = false;  ///< not so between the beginning and the end of a checkpoint
  bool is_damaged = false;   ///< SQLite read it, and found that it makes no sense
  std::optional<LogMark> mark;
  bool was_read = true;  ///< else nothing is known: no descriptor may be left, or the disk fails
};

FileAlone read_file_alone(const std::filesystem::path& path);

/// Whether a log in which the mark is `mark` can be that of `file`; true where it cannot be known.
bool log_fits(const FileAlone& file, const std::optional<LogMark>& mark);
/// Whether `file` is at the commit with the mark `mark`, as it must be once all of the log was moved into it;
/// true where it cannot be known.
bool file_is_at(const FileAlone& file, const std::optional<LogMark>& mark);

/// Sees that no log lies where there is no file, or an empty one: SQLite would remove it on sight. Throws
/// MirrorError (refused).
void require_file_of_log(const std::filesystem::path& path);

/// Sees, before anything is written, that a log found beside the file belongs to it. The first read of
/// `database` must be this one. Throws MirrorError (refused), and nothing was changed then.
void require_own_log(SQLite::Database& database, const std::filesystem::path& path);

}  // namespace couponsync
