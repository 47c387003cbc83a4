#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace SQLite {
class Database;
}

/// Inside the store: `mirror_property`, what a mirror says of itself.
namespace couponsync {

/// None if there is no such property, or not even the table.
std::optional<std::vector<std::byte>> read_property(SQLite::Database& database, const std::string& name);
void write_property(SQLite::Database& database, const std::string& name, std::span<const std::byte> value);
/// The same of a property that is text.
std::optional<std::string> read_text_property(SQLite::Database& database, const std::string& name);
void write_text_property(SQLite::Database& database, const std::string& name, const std::string& value);

/// Sees that the mirror is this brand's: its property says so, or, where it has none yet, its rows do or name
/// no brand. Throws MirrorError (refused). An empty `brand_id` is anybody's.
void require_brand(SQLite::Database& database, const std::filesystem::path& path,
                   const std::string& brand_id);

/// In the transaction that opens a mirror: gives it what it lacks of `mirror_id`, the key for the logs and
/// its brand, which must be this one (see `require_brand`).
void settle_identity(SQLite::Database& database, const std::filesystem::path& path,
                     const std::string& brand_id);

}  // namespace couponsync
