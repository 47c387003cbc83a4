#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <sys/stat.h>

namespace couponsync::daemon {

/// The whole content, as it was at one moment: a file that is being written is refused, since a line of it
/// may be cut. `check` may look at the opened file's status first, and throw. Throws ConfigurationError at
/// `pointer` that names the file and why it can't be read.
std::string read_text_file(const std::filesystem::path& file, std::size_t max_bytes,
                           const std::string& pointer,
                           const std::function<void(const struct stat&)>& check = {});

std::string_view without_byte_order_mark(std::string_view text);

}  // namespace couponsync::daemon
