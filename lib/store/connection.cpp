#include "store/connection.h"

#include "store/errors.h"
#include "store/schema.h"
#include "store/schema_sql.h"

#include <SQLiteCpp/Column.h>
#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Exception.h>
#include <sqlite3.h>

#include <stdexcept>
#include <system_error>

namespace couponsync {
namespace {

constexpr int kBusyMilliseconds = 5'000;
// Readers are waited for only this long before the log is cut, since every job waits meanwhile.
constexpr int kCutBusyMilliseconds = 300;
constexpr std::int64_t kDuePages = 4'096;  // 16 MiB
constexpr std::uintmax_t kCutAboveBytes = 16U << 20U;

std::unique_ptr<SQLite::Database> open_database(const std::filesystem::path& path) {
  constexpr int kFlags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX;
  return std::make_unique<SQLite::Database>(path.string(), kFlags, kBusyMilliseconds);
}

/// Without this the last close removes the log, and then readers that may not write to the folder cannot open
/// the file.
void keep_log_when_closed(SQLite::Database& database) {
  int on = 1;
  const int code = sqlite3_file_control(database.getHandle(), "main", SQLITE_FCNTL_PERSIST_WAL, &on);
  if (code != SQLITE_OK) throw SQLite::Exception(database.getHandle(), code);
}

std::uintmax_t size_of_log(const std::filesystem::path& path) {
  std::error_code absent;
  const std::uintmax_t size = std::filesystem::file_size(path.string() + "-wal", absent);
  return absent ? 0 : size;
}

struct LogState {
  int pages = 0;
  int moved = 0;  ///< of these, into the file
};

LogState run_checkpoint(SQLite::Database& database, int mode) {
  LogState state;
  const int code = sqlite3_wal_checkpoint_v2(database.getHandle(), nullptr, mode, &state.pages, &state.moved);
  if (code != SQLITE_OK && code != SQLITE_BUSY) throw SQLite::Exception(database.getHandle(), code);
  return state;
}

}  // namespace

Connection::Connection(const std::filesystem::path& path, Durability durability)
    : path_(path),
      database_(open_database(path)),
      log_{.pages = 0, .due_at_pages = kDuePages},
      cut_above_bytes_(kCutAboveBytes) {
  // A shortage of descriptors shows as long as those of this connection are not closed.
  translated(path_, [&] { set_up(durability); });
}

Connection::~Connection() = default;

void Connection::set_up(Durability durability) {
  SQLite::Database& database = *database_;
  keep_log_when_closed(database);
  database.exec("PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA foreign_keys = ON");
  if (sqlite3_db_readonly(database.getHandle(), "main") == 1)
    throw SQLite::Exception("attempt to write a readonly database", SQLITE_READONLY);
  // Before the log is on, so that a new file's header says whose it is from its first commit.
  database.exec("PRAGMA synchronous = FULL");
  migrate(database, path_, schema_migrations(), schema_views());
  if (database.execAndGet("PRAGMA journal_mode = WAL").getString() != "wal")
    throw mirror_error(MirrorError::Reason::unwritable, path_, "its file system cannot share memory",
                       "move it to a local file system");
  // A first read makes the log's files, which readers that may not write to the folder need.
  touch();
  if (durability == Durability::normal) database.exec("PRAGMA synchronous = NORMAL");
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

bool Connection::transaction_is_open() const { return sqlite3_get_autocommit(database_->getHandle()) == 0; }

void Connection::begin() {
  database_->exec("BEGIN IMMEDIATE");
  begun_ = true;
}

void Connection::commit() {
  try {
    if (!transaction_is_open())
      throw mirror_error(MirrorError::Reason::unwritable, path_, "the transaction was taken back",
                         "see the failure before this one");
    database_->exec("COMMIT");
    begun_ = false;
  } catch (...) {
    rollback();
    throw;
  }
}

void Connection::rollback() noexcept {
  begun_ = false;
  take_back();
}

void Connection::take_back() noexcept {
  if (transaction_is_open()) database_->tryExec("ROLLBACK");
}

Connection::Scope::Scope(Connection& connection) : connection_(connection), nested_(connection.begun_) {
  if (!nested_) {
    connection_.database_->exec("BEGIN IMMEDIATE");
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
  connection_.database_->exec(nested_ ? "RELEASE job" : "COMMIT");
  released_ = true;
}

void Connection::checkpoint() {
  if (transaction_is_open()) throw std::logic_error("a checkpoint inside a transaction");
  // Readers that cannot write to -shm share a read mark of ours; only a read after the last commit sets it at
  // the log's end, and without it no passive checkpoint is ever complete.
  touch();
  const LogState state = run_checkpoint(*database_, SQLITE_CHECKPOINT_PASSIVE);
  log_ = {.pages = state.pages, .due_at_pages = state.pages + kDuePages};
  const std::uintmax_t size = size_of_log(path_);
  const bool complete = state.moved == state.pages;
  if (size >= (complete ? kCutAboveBytes : cut_above_bytes_)) cut_log();
}

void Connection::touch() { database_->execAndGet("SELECT count(*) FROM sqlite_schema"); }

void Connection::LogGrowth::committed(std::int64_t now) {
  if (now < pages) due_at_pages = kDuePages;  // it began again at its start
  pages = now;
}

void Connection::cut_log() {
  struct Patience {
    SQLite::Database& database;
    ~Patience() { sqlite3_busy_timeout(database.getHandle(), kBusyMilliseconds); }
  };
  const Patience restored{*database_};
  database_->setBusyTimeout(kCutBusyMilliseconds);
  run_checkpoint(*database_, SQLITE_CHECKPOINT_TRUNCATE);
  // While a reader holds the log, the next attempt waits until it grew as much again.
  cut_above_bytes_ = kCutAboveBytes + size_of_log(path_);
}

}  // namespace couponsync
