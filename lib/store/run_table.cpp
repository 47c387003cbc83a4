#include "store/run_table.h"

#include "store/fields.h"

#include <string>

namespace couponsync {
namespace {

/// A week of rows at one a minute, which is the most there are.
constexpr std::int64_t kKept = 10'000;

std::string finish_sql() {
  std::string sql = "UPDATE sync_run SET finished_at = ?";
  for (const std::string_view column : columns_of(kRunFields)) sql += ", " + std::string(column) + " = ?";
  return sql + " WHERE id = ?";
}

}  // namespace

std::string_view name_of(RunTrigger trigger) {
  switch (trigger) {
    case RunTrigger::start:
      return "start";
    case RunTrigger::interval:
      return "interval";
    case RunTrigger::sighup:
      return "sighup";
    case RunTrigger::once:
      return "once";
  }
  return "";
}

RunTable::RunTable(SQLite::Database& database)
    : database_(database),
      start_(database, "INSERT INTO sync_run (\"trigger\", started_at) VALUES (?1, ?2)"),
      thin_(database, "DELETE FROM sync_run WHERE id <= ?1"),
      finish_(database, finish_sql()),
      interrupted_once_(database,
                        "SELECT id, started_at FROM sync_run WHERE id = (SELECT max(id) FROM sync_run)"
                        " AND \"trigger\" = 'once' AND finished_at IS NULL") {}

RunId RunTable::start(RunTrigger trigger, UnixSeconds now) {
  start_.run(std::string(name_of(trigger)), now);
  const RunId run = last_insert_id(database_);
  thin_.run(run - kKept);
  return run;
}

void RunTable::finish(RunId run, const RunCounters& counters, Instant finished_at) {
  finish_.start();
  finish_.add(finished_at);
  add_fields(finish_, kRunFields, counters);
  finish_.add(run);
  finish_.finish();  // of no row, where somebody deleted it: the books stop nothing
}

std::optional<InterruptedRun> RunTable::interrupted_once() {
  std::optional<InterruptedRun> run;
  interrupted_once_.query([&](const Row& row) {
    run = InterruptedRun{.id = row.integer(0).value(), .started_at = row.integer(1).value()};
  });
  return run;
}

}  // namespace couponsync
