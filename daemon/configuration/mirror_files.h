#pragma once

#include <filesystem>
#include <string>

namespace couponsync::daemon {

/// To be called before a file that the configuration names is opened. Throws ConfigurationError at `pointer`
/// if it is the mirror, or one of the files beside it: a pattern that names them all is easily written, and
/// the service would lose its locks on them.
void require_no_mirror_file(const std::filesystem::path& file, const std::filesystem::path& mirror,
                            const std::string& pointer);

}  // namespace couponsync::daemon
