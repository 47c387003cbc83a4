#include "store/sql.h"

#include <SQLiteCpp/Column.h>
#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Statement.h>

#include <cstring>

namespace couponsync {

Integer Row::integer(int column) const {
  const SQLite::Column value = statement_.getColumn(column);
  if (value.isNull()) return std::nullopt;
  return value.getInt64();
}

std::optional<double> Row::real(int column) const {
  const SQLite::Column value = statement_.getColumn(column);
  if (value.isNull()) return std::nullopt;
  return value.getDouble();
}

Text Row::text(int column) const {
  const SQLite::Column value = statement_.getColumn(column);
  if (value.isNull()) return std::nullopt;
  return value.getString();
}

std::optional<Digest> Row::digest(int column) const {
  const SQLite::Column value = statement_.getColumn(column);
  Digest digest;
  const void* bytes = value.getBlob();
  if (value.getBytes() != static_cast<int>(digest.size())) return std::nullopt;
  std::memcpy(digest.data(), bytes, digest.size());
  return digest;
}

std::vector<std::byte> Row::blob(int column) const {
  const SQLite::Column value = statement_.getColumn(column);
  const auto* bytes = static_cast<const std::byte*>(value.getBlob());
  return {bytes, bytes + value.getBytes()};
}

Statement::Statement(SQLite::Database& database, const std::string& sql)
    : statement_(std::make_unique<SQLite::Statement>(database, sql)) {}
Statement::Statement(Statement&&) noexcept = default;
Statement::~Statement() = default;

void Statement::start() {
  statement_->tryReset();
  index_ = 0;
}

void Statement::add(std::int64_t value) { statement_->bind(++index_, value); }
void Statement::add(double value) { statement_->bind(++index_, value); }
void Statement::add(const std::string& value) { statement_->bindNoCopy(++index_, value); }
void Statement::add(std::nullptr_t) { statement_->bind(++index_); }

void Statement::add(const Text& value) {
  if (value)
    add(*value);
  else
    add(nullptr);
}

void Statement::add(const Integer& value) {
  if (value)
    add(*value);
  else
    add(nullptr);
}

void Statement::add(const Flag& value) {
  if (value)
    add(std::int64_t{*value});
  else
    add(nullptr);
}

void Statement::add(std::span<const std::byte> value) {
  statement_->bindNoCopy(++index_, value.data(), static_cast<int>(value.size()));
}

int Statement::finish() {
  const Finally reset{*this};
  return statement_->exec();
}

bool Statement::step() { return statement_->executeStep(); }

// The error of a failed step comes again from its reset, and was thrown already.
void Statement::reset() noexcept { statement_->tryReset(); }

std::int64_t last_insert_id(SQLite::Database& database) { return database.getLastInsertRowid(); }

}  // namespace couponsync
