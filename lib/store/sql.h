#pragma once

#include "base/coupon.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

namespace SQLite {
class Database;
class Statement;
}  // namespace SQLite

/// Inside the store: prepared statements without SQLite's headers.
namespace couponsync {

/// The row a query stands on; columns count from 0. Valid inside the callback it was given to.
class Row {
 public:
  explicit Row(const SQLite::Statement& statement) : statement_(statement) {}

  Integer integer(int column) const;
  std::optional<double> real(int column) const;
  Text text(int column) const;
  /// A blob that is not as long as a Digest is no digest.
  std::optional<Digest> digest(int column) const;
  std::vector<std::byte> blob(int column) const;

 private:
  const SQLite::Statement& statement_;
};

/// One prepared statement, kept for the life of the connection. Values are bound in the order given and are
/// not copied: they must live until the call returns. Throws SQLite::Exception, which `translated` turns into
/// what the store throws.
class Statement {
 public:
  Statement(SQLite::Database& database, const std::string& sql);
  Statement(Statement&&) noexcept;
  Statement& operator=(Statement&&) = delete;
  ~Statement();

  /// Runs a statement that returns no rows and says how many it changed.
  template <class... Values>
  int run(const Values&... values) {
    start();
    (add(values), ...);
    return finish();
  }

  /// Calls `read(Row)` for each row.
  template <class Read, class... Values>
  void query(Read&& read, const Values&... values) {
    const Finally reset{*this};
    start();
    (add(values), ...);
    while (step()) read(Row(*statement_));
  }

  /// `run` in pieces, for rows bound field by field.
  void start();
  void add(std::int64_t value);
  void add(double value);
  void add(const std::string& value);
  void add(const Text& value);
  void add(const Integer& value);
  void add(const Flag& value);
  void add(const Digest& value) { add(std::span<const std::byte>(value)); }
  void add(std::span<const std::byte> value);
  void add(std::nullptr_t);
  int finish();

 private:
  struct Finally {
    Statement& statement;
    ~Finally() { statement.reset(); }
  };

  bool step();
  void reset() noexcept;

  std::unique_ptr<SQLite::Statement> statement_;
  int index_ = 0;
};

/// The rowid of the last row inserted.
std::int64_t last_insert_id(SQLite::Database& database);

}  // namespace couponsync
