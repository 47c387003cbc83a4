#include "store/mirror_property.h"

#include "base/digest.h"
#include "store/errors.h"
#include "store/sql.h"

#include <SQLiteCpp/Column.h>
#include <SQLiteCpp/Database.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <unistd.h>

namespace couponsync {
namespace {

const std::string kBrandId = "brand_id";
const std::string kMirrorId = "mirror_id";
const std::string kRedactionKey = "redaction_key";

constexpr const char* kSelect = "SELECT value FROM mirror_property WHERE name = ?1";
constexpr const char* kUpsert =
    "INSERT INTO mirror_property (name, value) VALUES (?1, ?2)"
    " ON CONFLICT (name) DO UPDATE SET value = excluded.value";

template <std::size_t kSize>
std::array<std::byte, kSize> random_bytes() {
  std::array<std::byte, kSize> bytes{};
  if (getentropy(bytes.data(), bytes.size()) != 0)
    throw std::runtime_error("the kernel gave no random bytes for the mirror's identity");
  return bytes;
}

bool has_table(SQLite::Database& database) {
  return database
             .execAndGet(
                 "SELECT count(*) FROM sqlite_schema WHERE type = 'table'"
                 " AND name = 'mirror_property'")
             .getInt() == 1;
}

bool has_column(SQLite::Database& database, const std::string& table, const std::string& column) {
  return database
             .execAndGet("SELECT count(*) FROM pragma_table_info('" + table + "') WHERE name = '" + column +
                         "'")
             .getInt() == 1;
}

/// The brands that the rows are of. Reads every coupon, once in the life of a mirror that was made before it
/// kept its brand.
std::vector<std::string> brands_of_rows(SQLite::Database& database) {
  std::string sql;
  for (const char* table : {"coupon", "stock", "product_coupon"})
    if (has_column(database, table, "brand_id"))
      sql += std::string(sql.empty() ? "" : " UNION ") + "SELECT brand_id FROM " + table +
             " WHERE brand_id <> ''";
  std::vector<std::string> brands;
  if (!sql.empty())
    Statement(database, sql).query([&](const Row& row) { brands.push_back(row.text(0).value()); });
  return brands;
}

MirrorError another_brand(const std::filesystem::path& path, const std::string& what,
                          const std::string& brand_id) {
  return mirror_error(
      MirrorError::Reason::refused, path, what + ", and the configuration says brand " + brand_id,
      "give each brand a mirror.path of its own, or mend brand_id; nothing was sent or changed");
}

}  // namespace

std::optional<std::vector<std::byte>> read_property(SQLite::Database& database, const std::string& name) {
  std::optional<std::vector<std::byte>> value;
  if (has_table(database))
    Statement(database, kSelect).query([&](const Row& row) { value = row.blob(0); }, name);
  return value;
}

std::optional<std::string> read_text_property(SQLite::Database& database, const std::string& name) {
  std::optional<std::string> value;
  if (has_table(database))
    Statement(database, kSelect).query([&](const Row& row) { value = row.text(0); }, name);
  return value;
}

void write_property(SQLite::Database& database, const std::string& name, std::span<const std::byte> value) {
  Statement(database, kUpsert).run(name, value);
}

void write_text_property(SQLite::Database& database, const std::string& name, const std::string& value) {
  Statement(database, kUpsert).run(name, value);
}

void require_brand(SQLite::Database& database, const std::filesystem::path& path,
                   const std::string& brand_id) {
  if (brand_id.empty() || !has_table(database)) return;
  if (const std::optional<std::string> own = read_text_property(database, kBrandId)) {
    if (*own != brand_id) throw another_brand(path, "it belongs to brand " + *own, brand_id);
    return;
  }
  const std::vector<std::string> brands = brands_of_rows(database);
  if (brands.empty() || std::ranges::find(brands, brand_id) != brands.end()) return;
  throw another_brand(path, "its coupons are of brand " + brands.front(), brand_id);
}

void settle_identity(SQLite::Database& database, const std::filesystem::path& path,
                     const std::string& brand_id) {
  require_brand(database, path, brand_id);
  if (!brand_id.empty() && !read_property(database, kBrandId))
    write_text_property(database, kBrandId, brand_id);
  if (!read_property(database, kMirrorId))
    write_text_property(database, kMirrorId, to_hex(random_bytes<16>()));
  if (!read_property(database, kRedactionKey)) write_property(database, kRedactionKey, random_bytes<32>());
}

}  // namespace couponsync
