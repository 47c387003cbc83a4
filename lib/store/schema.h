#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string_view>

namespace SQLite {
class Database;
}

/// Inside the store: what makes a database a mirror.
namespace couponsync {

inline constexpr std::uint32_t kApplicationId = 0x43505344;  // "CPSD"

/// The schema version the database has, 0 for an empty one. Throws MirrorError (refused) if it is another
/// application's or newer than `newest`, or SQLite::Exception.
std::size_t version_of(SQLite::Database& database, const std::filesystem::path& path, std::size_t newest);

/// Sees that the database is empty or a mirror of at most `migrations.size()`, and brings it there: all
/// migrations that are due, the views, the version and what `settle` does commit together or not at all.
/// Throws MirrorError (refused), SQLite::Exception, or what `settle` throws.
void migrate(SQLite::Database& database, const std::filesystem::path& path,
             std::span<const std::string_view> migrations, std::string_view views,
             const std::function<void()>& settle = {});

/// The DDL of a new mirror: all migrations and views, as `couponsyncd schema` prints it.
std::string_view schema_ddl();

/// The schema version this program writes (`user_version`).
int schema_version();

}  // namespace couponsync
