#include "store/schema.h"

#include "store/errors.h"
#include "store/schema_sql.h"

#include <SQLiteCpp/Column.h>
#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Transaction.h>

#include <string>

namespace couponsync {
namespace {

std::int64_t number(SQLite::Database& database, const char* query) {
  return database.execAndGet(query).getInt64();
}

std::string pragma(std::string_view name, std::size_t value) {
  return "PRAGMA " + std::string(name) + " = " + std::to_string(value) + ";\n";
}

}  // namespace

std::size_t version_of(SQLite::Database& database, const std::filesystem::path& path, std::size_t newest) {
  const std::int64_t application_id = number(database, "PRAGMA application_id");
  const std::int64_t version = number(database, "PRAGMA user_version");
  const bool ours = application_id == kApplicationId;
  const bool empty = application_id == 0 && number(database, "SELECT count(*) FROM sqlite_schema") == 0;
  if (!ours && !empty)
    throw mirror_error(MirrorError::Reason::refused, path, "it is a database of another application",
                       "give mirror.path a name of its own");
  if (empty) return 0;
  if (version < 0 || static_cast<std::size_t>(version) > newest)
    throw mirror_error(
        MirrorError::Reason::refused, path,
        "its schema version is " + std::to_string(version) + ", this program knows up to " +
            std::to_string(newest),
        "run the newer couponsyncd that wrote it, or move it away to have everything read anew");
  return static_cast<std::size_t>(version);
}

void migrate(SQLite::Database& database, const std::filesystem::path& path,
             std::span<const std::string_view> migrations, std::string_view views,
             const std::function<void()>& settle) {
  SQLite::Transaction transaction(database, SQLite::TransactionBehavior::IMMEDIATE);
  const std::size_t version = version_of(database, path, migrations.size());
  for (const std::string_view sql : migrations.subspan(version)) database.exec(std::string(sql));
  if (version < migrations.size()) {
    database.exec(std::string(views));
    database.exec(pragma("application_id", kApplicationId));
  }
  // Also where nothing changes: a write at the start shows whether the file can be written.
  database.exec(pragma("user_version", migrations.size()));
  if (settle) settle();
  transaction.commit();
}

std::string_view schema_ddl() {
  static const std::string ddl = [] {
    std::string text = pragma("application_id", kApplicationId) + "BEGIN;\n";
    for (const std::string_view sql : schema_migrations()) text += sql;
    text += schema_views();
    return text + pragma("user_version", schema_migrations().size()) + "COMMIT;\n";
  }();
  return ddl;
}

int schema_version() { return static_cast<int>(schema_migrations().size()); }

}  // namespace couponsync
