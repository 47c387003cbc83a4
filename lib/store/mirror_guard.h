#pragma once

#include "store/file_watch.h"
#include "store/log_index.h"
#include "store/log_mark.h"
#include "store/mirror_error.h"
#include "store/mirror_file.h"
#include "store/writer_lock.h"

#include <chrono>
#include <optional>

namespace SQLite {
class Database;
}

namespace couponsync {

/// Inside the store: notices that the mirror's files went away, were replaced, cut short or written over by
/// somebody else, before a commit would go on as if nothing had happened. On the connection's thread.
class MirrorGuard {
 public:
  /// What may still be done with the files when the connection is closed.
  enum class Ending {
    empty_log,  ///< move the log into the file, and empty it
    close,      ///< as SQLite does: it moves the log into the file if nobody else has that open
    leave,      ///< touch nothing: what is there may be another one's, or is broken
  };

  /// Begins with the files as they are: just opened by SQLite. `file` and `database` outlive it. `name` is
  /// the path that the mirror was configured by.
  MirrorGuard(const MirrorFile& file, const WriterLock& lock, const std::filesystem::path& name,
              SQLite::Database& database);

  /// Throws MirrorError (gone) if something is wrong, and from then on whatever happens. `mark` is the log's
  /// as of the last commit.
  void require_intact(const std::optional<LogMark>& mark);
  /// A transaction has begun, and nobody else can write: sees that it goes on from this connection's last
  /// one. Throws as well.
  void transaction_begins(const std::optional<LogMark>& mark);
  /// This connection has committed.
  void committed() { index_ = read_log_index(database_); }
  /// Somebody else may be writing to the file, by SQLite's rules or not: nothing should be moved into it
  /// until a later look tells. For a few seconds at most.
  bool file_is_in_doubt() const;
  /// This connection's own checkpoint begins, and is over; one that breaks off is never over.
  void checkpoint_begins() { checkpoint_is_broken_off_ = true; }
  void checkpoint_is_over() { checkpoint_is_broken_off_ = false; }
  Ending ending() const { return ending_; }

 private:
  /// Tells whether the file was written to since it was known to be right.
  struct Stamp {
    std::uintmax_t size = 0;
    std::chrono::nanoseconds modified{0};
    std::chrono::nanoseconds changed{0};
    bool operator==(const Stamp&) const = default;
  };

  Stamp stamp_of_file() const;
  bool index_is_cut();
  bool log_is_cut() const;
  bool log_is_written_over() const;
  bool file_is_written_over(const std::optional<LogMark>& mark);
  bool is_as_committed(const FileAlone& file, const std::optional<LogMark>& mark,
                       const std::optional<LogIndex>& index) const;
  void require_not_set_back(const std::optional<LogMark>& mark);
  bool index_is_foreign() const;
  bool is_set_back(const std::optional<LogMark>& mark);
  void keep_as_right(const Stamp& stamp, const FileAlone& file);
  [[noreturn]] void fail(const FileLoss& first, Ending ending, std::string_view what);
  std::string_view fate_of(const FileLoss& loss) const;

  const MirrorFile& file_;
  SQLite::Database& database_;
  FileWatch watch_;
  std::uintmax_t right_size_;
  std::optional<Stamp> right_;  ///< none: to be looked at
  std::uint64_t commit_of_file_ =
      0;                           ///< what the file was at when it was known to be right: it never goes back
  std::optional<LogIndex> index_;  ///< as this connection left it, or found it to be right
  std::uintmax_t index_size_;
  std::optional<std::chrono::steady_clock::time_point> senseless_since_;
  bool checkpoint_is_broken_off_ = false;
  Ending ending_ = Ending::empty_log;
  std::optional<MirrorError> gone_;
};

}  // namespace couponsync
