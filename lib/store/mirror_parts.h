#pragma once

#include <filesystem>

namespace couponsync {

/// Whether `file`, by whatever name, is the mirror or one of the files beside it (log, index, lock). In the
/// process that writes to the mirror nobody else may open them: closing a descriptor gives up the locks that
/// SQLite has on them (https://www.sqlite.org/howtocorrupt.html, 2.2). Opens nothing itself.
bool is_part_of_mirror(const std::filesystem::path& file, const std::filesystem::path& mirror);

}  // namespace couponsync
