#include "configuration/mirror_files.h"

#include "configuration/configuration_error.h"
#include "store/mirror_parts.h"

#include <fmt/format.h>

namespace couponsync::daemon {

void require_no_mirror_file(const std::filesystem::path& file, const std::filesystem::path& mirror,
                            const std::string& pointer) {
  if (is_part_of_mirror(file, mirror))
    throw ConfigurationError(pointer, fmt::format("{}: is a file of the mirror {}, and is not opened",
                                                  file.string(), mirror.string()));
}

}  // namespace couponsync::daemon
