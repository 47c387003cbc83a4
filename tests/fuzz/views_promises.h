#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

/// What schema/README.md promises of the views, asked of a database by SQLite alone.
namespace couponsync::fuzz {

struct DatabaseCloser {
  void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
};
using DatabaseHandle = std::unique_ptr<sqlite3, DatabaseCloser>;

DatabaseHandle open_database(const std::string& path, bool read_only);
/// Any number of statements without rows.
void run(sqlite3* database, const std::string& sql);

/// One prepared statement. What SQLite cannot do breaks a promise.
class Query {
 public:
  Query(sqlite3* database, const std::string& sql);

  bool step();
  /// Before it is run again.
  void reset() { sqlite3_reset(statement_.get()); }
  /// Runs it to its end; false if a constraint forbids that.
  bool try_run();
  void bind_null(int place);
  void bind(int place, std::int64_t value);
  void bind(int place, std::string_view value, bool as_blob);
  /// The value of another query's row.
  void bind(int place, const Query& other, int column);
  std::int64_t integer(int column) { return sqlite3_column_int64(statement_.get(), column); }
  bool is_integer(int column) { return sqlite3_column_type(statement_.get(), column) == SQLITE_INTEGER; }
  bool is_null(int column) { return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL; }
  std::string text(int column);

 private:
  struct Finalizer {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  sqlite3* database_;
  std::unique_ptr<sqlite3_stmt, Finalizer> statement_;
};

std::int64_t one_integer(sqlite3* database, const std::string& sql);

/// The promises, prepared once, for a database that is asked again and again.
class Promises {
 public:
  explicit Promises(sqlite3* database);
  /// Selects each view whole and holds it against the tables.
  void check();

 private:
  void check_sums();

  std::vector<Query> views_;
  std::vector<Query> promises_;
  Query uses_;
  Query funnel_;
};

}  // namespace couponsync::fuzz
