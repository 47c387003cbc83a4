#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace couponsync {

struct MirrorInspection {
  int schema_version = 0;
  std::int64_t coupons = 0;
};

/// Looks at a mirror without writing to it, beside a service that does: is it ours and this brand's (empty:
/// whoever's), can this program read it, does its log belong to it, is it undamaged (SQLite's quick_check,
/// which reads the whole file). Nothing if there is no file yet but one could be made. Throws MirrorError as
/// `Mirror::open` would. Any thread, but never in the process that writes to it.
std::optional<MirrorInspection> inspect_mirror(const std::filesystem::path& path,
                                               const std::string& brand_id = {});

}  // namespace couponsync
