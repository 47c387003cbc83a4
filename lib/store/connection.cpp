#include "store/connection.h"

#include "store/errors.h"
#include "store/mirror_property.h"
#include "store/schema.h"
#include "store/schema_sql.h"

#include <SQLiteCpp/Column.h>
#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Exception.h>
#include <sqlite3.h>

#include <stdexcept>

namespace couponsync {
namespace {

constexpr std::chrono::seconds kPatience{5};
// Readers are waited for only this long before the log is cut, since every job waits meanwhile.
constexpr std::chrono::milliseconds kCutPatience{300};
// At the end once more, and a stop may take 5 s.
constexpr std::chrono::milliseconds kEmptyPatience{1'000};
constexpr std::int64_t kDuePages = 4'096;  // 16 MiB
constexpr std::uintmax_t kCutAboveBytes = 16U << 20U;

std::unique_ptr<SQLite::Database> open_database(const std::filesystem::path& path) {
  constexpr int kFlags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX;
  return std::make_unique<SQLite::Database>(path.string(), kFlags);
}

/// Without this the last close removes the log, and then readers that may not write to the folder cannot open
/// the file.
void keep_log_when_closed(SQLite::Database& database) {
  int on = 1;
  const int code = sqlite3_file_control(database.getHandle(), "main", SQLITE_FCNTL_PERSIST_WAL, &on);
  if (code != SQLITE_OK) throw SQLite::Exception(database.getHandle(), code);
}

/// Whether closing moves the log into the file, if it is the last connection.
void move_log_when_closed(SQLite::Database& database, bool moves) {
  const int code = sqlite3_db_config(database.getHandle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, moves ? 0 : 1,
                                     static_cast<int*>(nullptr));
  if (code != SQLITE_OK) throw SQLite::Exception(database.getHandle(), code);
}

/// The journal mode that is now in force. It is asked to the end: the answer comes before the change of the
/// file's header is committed, and that can fail.
std::string turn_log_on(SQLite::Database& database) {
  SQLite::Statement change(database, "PRAGMA journal_mode = WAL");
  std::string mode;
  while (change.executeStep()) mode = change.getColumn(0).getString();
  return mode;
}

/// That SQLite opened the file that this process holds.
void require_same_file(SQLite::Database& database, const MirrorFile& file) {
  int moved = 0;
  sqlite3_file_control(database.getHandle(), "main", SQLITE_FCNTL_HAS_MOVED, &moved);
  if (moved != 0 || look_at(file.path()).identity != file.identity())
    throw mirror_error(MirrorError::Reason::gone, file.path(), "it was replaced while it was opened",
                       "start couponsyncd again when nobody else moves files there");
}

std::uintmax_t size_of_log(const std::filesystem::path& path) { return look_at(log_of(path)).size; }

struct LogState {
  int pages = 0;
  int moved = 0;  ///< of these, into the file
  bool complete() const { return moved == pages; }
};

LogState run_checkpoint(SQLite::Database& database, int mode) {
  LogState state;
  const int code = sqlite3_wal_checkpoint_v2(database.getHandle(), nullptr, mode, &state.pages, &state.moved);
  if (code != SQLITE_OK && code != SQLITE_BUSY) throw SQLite::Exception(database.getHandle(), code);
  return state;
}

}  // namespace

Connection::Connection(const MirrorFile& file, const WriterLock& lock, const MirrorOptions& options)
    : path_(file.path()),
      patience_(std::make_shared<LockPatience>(kPatience)),
      database_(translated(path_, [&] { return open_database(path_); })),
      log_{.pages = 0, .due_at_pages = kDuePages},
      cut_above_bytes_(kCutAboveBytes) {
  // A shortage of descriptors shows as long as those of this connection are not closed.
  translated(path_, [&] {
    patience_->attach_to(database_->getHandle());
    // Until it is known that file and log are ours, and belong together.
    keep_log_when_closed(*database_);
    move_log_when_closed(*database_, false);
    require_same_file(*database_, file);
    set_up(options);
    guard_.emplace(file, lock, options.path, *database_);
    move_log_when_closed(*database_, true);
  });
}

Connection::~Connection() { finish(); }

void Connection::set_up(const MirrorOptions& options) {
  SQLite::Database& database = *database_;
  database.exec("PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA foreign_keys = ON");
  if (sqlite3_db_readonly(database.getHandle(), "main") == 1)
    throw SQLite::Exception("attempt to write a readonly database", SQLITE_READONLY);
  require_own_log(database, path_);
  version_of(database, path_, schema_migrations().size());
  require_brand(database, path_, options.brand_id);
  // Before the log is on, so that a new file's header says whose it is from its first commit.
  database.exec("PRAGMA synchronous = FULL");
  mark_ = read_log_mark(database);
  const bool log_was_moved = move_log();
  migrate(database, path_, schema_migrations(), schema_views(), [&] { settle(options, log_was_moved); });
  mark_ = read_log_mark(database);
  if (turn_log_on(database) != "wal")
    throw mirror_error(MirrorError::Reason::unwritable, path_, "its file system cannot share memory",
                       "move it to a local file system");
  // A first read makes the log's files, which readers that may not write to the folder need.
  touch();
  move_log();
  note_log();
  if (options.durability == Durability::normal) database.exec("PRAGMA synchronous = NORMAL");
  // Errors of automatic checkpoints would go unseen, and this hook takes their place.
  database.exec("PRAGMA wal_autocheckpoint = 0");
  sqlite3_wal_hook(
      database.getHandle(),
      [](void* log, sqlite3*, const char*, int pages) {
        static_cast<LogGrowth*>(log)->committed(pages);
        return SQLITE_OK;
      },
      &log_);
}

void Connection::settle(const MirrorOptions& options, bool log_was_moved) {
  settle_identity(*database_, path_, options.brand_id);
  write_log_mark(*database_, next_log_mark(mark_, log_was_moved));
}

/// Asked when a transaction has begun, and nobody else can write: then SQLite decides whether what it writes
/// goes behind the log's end or to its start. Another program that wrote may have begun it anew before.
bool Connection::log_may_begin_anew() const {
  const std::optional<LogIndex> index = read_log_index(*database_);
  return index && (index->is_moved() || index->salts() != log_salts_);
}

void Connection::note_log() {
  if (const std::optional<LogIndex> index = read_log_index(*database_)) log_salts_ = index->salts();
}

/// Whether all of it is in the file now. That it cannot be moved at the moment hinders nobody from opening
/// the mirror.
bool Connection::move_log() noexcept {
  try {
    return run_checkpoint(*database_, SQLITE_CHECKPOINT_PASSIVE).complete();
  } catch (const SQLite::Exception&) {
    return false;
  }
}

bool Connection::transaction_is_open() const { return sqlite3_get_autocommit(database_->getHandle()) == 0; }

void Connection::begin() {
  begin_transaction();
  begun_ = true;
}

void Connection::begin_transaction() {
  require_intact();
  database_->exec("BEGIN IMMEDIATE");
  try {
    guard_->transaction_begins(mark_);
  } catch (...) {
    take_back();
    throw;
  }
  log_begins_anew_ = log_may_begin_anew();
  changes_before_ = sqlite3_total_changes64(database_->getHandle());
}

void Connection::commit() {
  try {
    if (!transaction_is_open())
      throw mirror_error(MirrorError::Reason::unwritable, path_, "the transaction was taken back",
                         "see the failure before this one");
    commit_transaction();
    begun_ = false;
  } catch (...) {
    rollback();
    throw;
  }
}

void Connection::commit_transaction() {
  std::optional<LogMark> next;
  if (sqlite3_total_changes64(database_->getHandle()) != changes_before_) {
    next = next_log_mark(mark_, log_begins_anew_);
    write_log_mark(*database_, *next);
  }
  require_intact();
  database_->exec("COMMIT");
  if (!next) return;
  mark_ = next;
  note_log();
  guard_->committed();
}

void Connection::require_intact() { guard_->require_intact(mark_); }

void Connection::rollback() noexcept {
  begun_ = false;
  take_back();
}

void Connection::take_back() noexcept {
  if (transaction_is_open()) database_->tryExec("ROLLBACK");
}

Connection::Scope::Scope(Connection& connection) : connection_(connection), nested_(connection.begun_) {
  if (!nested_) {
    connection_.begin_transaction();
    return;
  }
  if (!connection_.transaction_is_open())
    throw mirror_error(MirrorError::Reason::unwritable, connection_.path_, "the transaction was taken back",
                       "see the failure before this one");
  connection_.database_->exec("SAVEPOINT job");
}

Connection::Scope::~Scope() {
  if (released_) return;
  const bool taken_back =
      nested_ && connection_.database_->tryExec("ROLLBACK TO job; RELEASE job") == SQLITE_OK;
  if (!taken_back) connection_.take_back();
}

void Connection::Scope::release() {
  if (nested_)
    connection_.database_->exec("RELEASE job");
  else
    connection_.commit_transaction();
  released_ = true;
}

bool Connection::checkpoint() {
  if (transaction_is_open()) throw std::logic_error("a checkpoint inside a transaction");
  require_intact();
  if (guard_->file_is_in_doubt()) return false;
  guard_->checkpoint_begins();
  // Readers that cannot write to -shm share a read mark of ours; only a read after the last commit sets it at
  // the log's end, and without it no passive checkpoint is ever complete.
  touch();
  const LogState state = run_checkpoint(*database_, SQLITE_CHECKPOINT_PASSIVE);
  log_ = {.pages = state.pages, .due_at_pages = state.pages + kDuePages};
  const std::uintmax_t size = size_of_log(path_);
  if (size >= (state.complete() ? kCutAboveBytes : cut_above_bytes_)) cut_log();
  guard_->checkpoint_is_over();
  // So that it is known what the file is at now, and that nobody spoils it unseen.
  require_intact();
  return true;
}

void Connection::touch() { database_->execAndGet("SELECT count(*) FROM sqlite_schema"); }

void Connection::LogGrowth::committed(std::int64_t now) {
  if (now < pages) due_at_pages = kDuePages;  // it began again at its start
  pages = now;
}

/// Waits for readers for so long at most.
void Connection::truncate_log(std::chrono::milliseconds patience) {
  const LockPatience::Bound bound(*patience_, patience);
  run_checkpoint(*database_, SQLITE_CHECKPOINT_TRUNCATE);
}

void Connection::cut_log() {
  truncate_log(kCutPatience);
  // While a reader holds the log, the next attempt waits until it grew as much again.
  cut_above_bytes_ = kCutAboveBytes + size_of_log(path_);
}

std::uintmax_t Connection::finish() noexcept {
  if (finished_) return 0;
  finished_ = true;
  try {
    take_back();
    require_intact();
  } catch (const std::exception&) {
    // Whoever used it last was told.
  }
  try {
    if (guard_->ending() == MirrorGuard::Ending::leave) move_log_when_closed(*database_, false);
    if (guard_->ending() != MirrorGuard::Ending::empty_log) return 0;
    if (guard_->file_is_in_doubt()) {
      move_log_when_closed(*database_, false);
      return size_of_log(path_);
    }
    touch();
    truncate_log(kEmptyPatience);
  } catch (const SQLite::Exception&) {
    // What cannot be moved is safe where it is, and is told by what is left.
  }
  return size_of_log(path_);
}

}  // namespace couponsync
