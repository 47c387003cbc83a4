#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <sys/types.h>

namespace couponsync::sandbox {

/// Both throw std::system_error naming the file.
std::string read_file(const std::filesystem::path& file);
/// Replaces the file as a whole, so that a reader sees the old one or the new one.
void write_file(const std::filesystem::path& file, std::string_view content, mode_t mode);

}  // namespace couponsync::sandbox
