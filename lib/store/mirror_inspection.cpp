#include "store/mirror_inspection.h"

#include "store/errors.h"
#include "store/log_mark.h"
#include "store/mirror_file.h"
#include "store/mirror_property.h"
#include "store/schema.h"

#include <SQLiteCpp/Column.h>
#include <SQLiteCpp/Database.h>

#include <cerrno>
#include <string>
#include <unistd.h>

namespace couponsync {
namespace {

void require_writable(const std::filesystem::path& path) {
  if (access(path.c_str(), W_OK) != 0) throw system_error(path, "cannot be written", errno);
}

/// A service that runs may move its log and mark it anew between the looks at the file and at the log.
constexpr int kLooks = 3;

void require_log(const std::filesystem::path& path) {
  for (int look = 1;; ++look) try {
      SQLite::Database database(path.string(), SQLite::OPEN_READONLY);
      return require_own_log(database, path);
    } catch (const MirrorError&) {
      if (look == kLooks) throw;
    }
}

MirrorInspection inspect(const std::filesystem::path& path, const std::string& brand_id) {
  require_log(path);
  SQLite::Database database(path.string(), SQLite::OPEN_READONLY);
  MirrorInspection found;
  const auto newest = static_cast<std::size_t>(schema_version());
  found.schema_version = static_cast<int>(version_of(database, path, newest));
  if (found.schema_version == 0) return found;
  require_brand(database, path, brand_id);
  const std::string damage = database.execAndGet("PRAGMA quick_check(1)").getString();
  if (damage != "ok")
    throw mirror_error(MirrorError::Reason::refused, path, "it is damaged: " + damage,
                       "restore it from a copy, or move it away to have everything read anew");
  found.coupons = database.execAndGet("SELECT count(*) FROM coupon").getInt64();
  return found;
}

}  // namespace

std::optional<MirrorInspection> inspect_mirror(const std::filesystem::path& path,
                                               const std::string& brand_id) {
  const std::filesystem::path resolved = resolve_mirror_path(path);
  require_file_of_log(resolved);
  if (!std::filesystem::exists(resolved)) {
    require_writable(resolved.parent_path());
    return std::nullopt;
  }
  check_mirror_file(resolved);
  require_writable(resolved);
  return translated(resolved, [&] { return inspect(resolved, brand_id); });
}

}  // namespace couponsync
