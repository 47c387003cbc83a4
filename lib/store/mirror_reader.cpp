#include "store/mirror_reader.h"

#include "store/errors.h"
#include "store/fields.h"
#include "store/mirror_file.h"
#include "store/mirror_property.h"
#include "store/quota_table.h"
#include "store/schema.h"
#include "store/sql.h"

#include <SQLiteCpp/Column.h>
#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Transaction.h>
#include <sqlite3.h>

#include <string>
#include <tuple>
#include <utility>

namespace couponsync {
namespace {

constexpr int kBusyMilliseconds = 5'000;

void require_this_version(SQLite::Database& database, const std::filesystem::path& path,
                          MirrorStatus& status) {
  const auto newest = static_cast<std::size_t>(schema_version());
  const std::size_t version = version_of(database, path, newest);
  status.schema_version = static_cast<int>(version);
  if (version == newest) return;
  throw mirror_error(
      MirrorError::Reason::refused, path,
      "its schema version is " + std::to_string(version) + ", this program's is " + std::to_string(newest),
      "start the service once with this program, which migrates it");
}

ListingCounts count_listings(SQLite::Database& database) {
  ListingCounts counts;
  Statement(database,
            "SELECT count(*), count(*) FILTER (WHERE last_completed_at IS NULL),"
            " count(*) FILTER (WHERE failures > 0), coalesce(sum(pages_done), 0) FROM listing"
            " WHERE watched = 1")
      .query([&](const Row& row) {
        counts.watched = row.integer(0).value();
        counts.never_completed = row.integer(1).value();
        counts.failing = row.integer(2).value();
        counts.pages = row.integer(3).value();
      });
  Statement(database,
            "SELECT last_completed_at, count(*), count(*) FILTER (WHERE failures > 0) FROM listing"
            " WHERE watched = 1 AND last_completed_at IS NOT NULL GROUP BY 1 ORDER BY 1")
      .query([&](const Row& row) {
        counts.completed.push_back(
            {.at = row.integer(0).value(), .all = row.integer(1).value(), .failing = row.integer(2).value()});
      });
  return counts;
}

void read_listings(SQLite::Database& database, const MirrorStatusOptions& options, MirrorStatus& status) {
  status.listings = options.listings ? *options.listings : count_listings(database);
  status.listings_unwatched =
      database.execAndGet("SELECT count(*) FROM listing WHERE watched = 0").getInt64();
  Statement(database,
            "SELECT id, log_name, failures, last_completed_at, next_due_at, last_error_code, last_error,"
            " last_request_id FROM listing WHERE watched = 1 AND failures > 0"
            " ORDER BY failures DESC, id LIMIT ?1")
      .query(
          [&](const Row& row) {
            status.failing.push_back({.id = row.integer(0).value(),
                                      .log_name = row.text(1).value_or(""),
                                      .failures = row.integer(2).value(),
                                      .last_completed_at = row.integer(3),
                                      .next_due_at = row.integer(4),
                                      .last_error_code = row.text(5),
                                      .last_error = row.text(6),
                                      .last_request_id = row.text(7)});
          },
          static_cast<std::int64_t>(options.failing));
}

void read_coupons(SQLite::Database& database, MirrorStatus& status) {
  Statement(database,
            "SELECT coupon_state, count(*) - count(missing_since), count(missing_since) FROM coupon"
            " GROUP BY 1 ORDER BY 1")
      .query([&](const Row& row) {
        status.states.push_back({row.text(0), row.integer(1).value(), row.integer(2).value()});
      });
  status.changes = database.execAndGet("SELECT coalesce(max(seq), 0) FROM coupon_change").getInt64();
}

void read_counter(const Row& row, int column, std::int64_t& counter) {
  counter = row.integer(column).value_or(0);
}
void read_counter(const Row& row, int column, double& counter) { counter = row.real(column).value_or(0); }

void read_runs(SQLite::Database& database, const MirrorStatusOptions& options, MirrorStatus& status) {
  std::string sql = "SELECT id, \"trigger\", started_at, finished_at";
  for (const std::string_view column : columns_of(kRunFields)) sql += ", " + std::string(column);
  Statement(database, sql + " FROM sync_run ORDER BY id DESC LIMIT ?1")
      .query(
          [&](const Row& row) {
            RunSummary run{.id = row.integer(0).value(),
                           .trigger = row.text(1).value(),
                           .started_at = row.integer(2).value(),
                           .finished_at = row.integer(3),
                           .counters = {}};
            int column = 4;
            std::apply(
                [&](const auto&... field) { (read_counter(row, column++, run.counters.*field.member), ...); },
                kRunFields);
            status.last_runs.push_back(std::move(run));
          },
          static_cast<std::int64_t>(options.runs));
}

/// How many steps of SQLite's virtual machine go by between two looks at the stop token: some 0.1 ms.
constexpr int kStepsBetweenLooks = 10'000;

int stop_requested(void* token) { return static_cast<std::stop_token*>(token)->stop_requested() ? 1 : 0; }

/// A reading that is too long is ended by its stop token, here or in the midst of a query.
class Interruptible {
 public:
  Interruptible(SQLite::Database& database, std::stop_token stop)
      : database_(database), stop_(std::move(stop)) {
    sqlite3_progress_handler(database_.getHandle(), kStepsBetweenLooks, stop_requested, &stop_);
  }
  Interruptible(const Interruptible&) = delete;
  Interruptible& operator=(const Interruptible&) = delete;
  ~Interruptible() { sqlite3_progress_handler(database_.getHandle(), 0, nullptr, nullptr); }

 private:
  SQLite::Database& database_;
  std::stop_token stop_;
};

MirrorStatus read_all(SQLite::Database& database, const std::filesystem::path& path,
                      const MirrorStatusOptions& options) {
  const Interruptible interruptible(database, options.stop);
  const SQLite::Transaction one_moment(database);
  MirrorStatus status;
  require_this_version(database, path, status);
  status.brand_id = read_text_property(database, "brand_id");
  status.mirror_id = read_text_property(database, "mirror_id");
  read_listings(database, options, status);
  if (options.coupons) read_coupons(database, status);
  read_runs(database, options, status);
  status.learned = QuotaTable(database).get();
  status.file_bytes = look_at(path).size;
  status.log_bytes = look_at(log_of(path)).size;
  return status;
}

}  // namespace

MirrorReader::MirrorReader(const std::filesystem::path& path)
    : path_(resolve_mirror_path(path)), database_(translated(path_, [&] {
        return std::make_unique<SQLite::Database>(path_.string(), SQLite::OPEN_READONLY, kBusyMilliseconds);
      })) {}
MirrorReader::~MirrorReader() = default;

MirrorStatus MirrorReader::status(const MirrorStatusOptions& options) {
  return translated(path_, [&] { return read_all(*database_, path_, options); });
}

std::optional<MirrorStatus> read_mirror_status(const std::filesystem::path& path,
                                               const MirrorStatusOptions& options) {
  const std::filesystem::path resolved = resolve_mirror_path(path);
  if (!std::filesystem::exists(resolved)) return std::nullopt;
  check_mirror_file(resolved);
  // A shortage of descriptors shows as long as those of this connection are not closed.
  return MirrorReader(resolved).status(options);
}

}  // namespace couponsync
