#pragma once

#include "store/lock_patience.h"
#include "store/log_index.h"
#include "store/log_mark.h"
#include "store/mirror_file.h"
#include "store/mirror_guard.h"
#include "store/mirror_options.h"
#include "store/writer_lock.h"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

namespace SQLite {
class Database;
}

namespace couponsync {

/// The one writing connection: opened, set up and migrated; its transactions and its write-ahead log. Throws
/// SQLite::Exception, where not said otherwise, and MirrorError (gone) where the mirror's files are not what
/// was opened.
class Connection {
 public:
  /// `file` and `lock` outlive it; `options.path` is the path as it was configured, absolute. Throws
  /// MirrorError, too.
  Connection(const MirrorFile& file, const WriterLock& lock, const MirrorOptions& options);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  /// Finishes, and closes.
  ~Connection();

  SQLite::Database& database() { return *database_; }
  const std::filesystem::path& path() const { return path_; }
  const std::shared_ptr<LockPatience>& patience() const { return patience_; }

  /// Opens a transaction, or in one that `begin` opened a savepoint. Destroyed without `release`, it takes
  /// back what was done since. SQLite takes back the whole transaction on some errors (a full disk): it is
  /// lost then.
  class Scope {
   public:
    explicit Scope(Connection& connection);
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;
    ~Scope();
    void release();

   private:
    Connection& connection_;
    bool nested_;
    bool released_ = false;
  };

  void begin();
  /// Throws MirrorError if the transaction was lost. Whatever it throws, nothing of the transaction is left.
  void commit();
  void rollback() noexcept;

  /// Moves the write-ahead log into the file as far as readers let it, and cuts it down if it is long. That
  /// readers hindered it is no error. False: it was put off for a moment, since somebody else may be writing
  /// to the file.
  bool checkpoint();
  /// The log grew so much since the last checkpoint that it should not wait for a quiet moment.
  bool checkpoint_due() const { return log_.pages >= log_.due_at_pages; }

  void require_intact();
  /// Empties the log at the end: nothing may be written any more. What is left in it, in bytes.
  std::uintmax_t finish() noexcept;

 private:
  /// The write-ahead log in pages, as of the last commit.
  struct LogGrowth {
    std::int64_t pages;
    std::int64_t due_at_pages;
    void committed(std::int64_t now);
  };

  void set_up(const MirrorOptions& options);
  void settle(const MirrorOptions& options, bool log_was_moved);
  bool log_may_begin_anew() const;
  void note_log();
  void begin_transaction();
  void commit_transaction();
  void touch();
  bool move_log() noexcept;
  void truncate_log(std::chrono::milliseconds patience);
  void cut_log();
  void take_back() noexcept;
  bool transaction_is_open() const;

  std::filesystem::path path_;
  std::shared_ptr<LockPatience> patience_;
  std::unique_ptr<SQLite::Database> database_;
  bool begun_ = false;
  LogGrowth log_;
  std::uintmax_t cut_above_bytes_;
  std::int64_t changes_before_ = 0;  ///< rows changed by this connection when the transaction began
  bool log_begins_anew_ = false;     ///< with the transaction that has begun
  LogIndex::Salts log_salts_{};      ///< of the log, as this connection left it
  std::optional<LogMark> mark_;      ///< as of the last commit
  std::optional<MirrorGuard> guard_;
  bool finished_ = false;
};

}  // namespace couponsync
