#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

namespace couponsync {

struct MirrorInspection {
  int schema_version = 0;
  std::int64_t coupons = 0;
};

/// Looks at a mirror without writing to it, beside a service that does: is it ours, can this program read it,
/// is it undamaged (SQLite's quick_check, which reads the whole file). Nothing if there is no file yet but
/// one could be made. Throws MirrorError as `Mirror::open` would. Any thread.
std::optional<MirrorInspection> inspect_mirror(const std::filesystem::path& path);

}  // namespace couponsync
