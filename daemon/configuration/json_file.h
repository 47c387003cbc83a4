#pragma once

#include <boost/json/value.hpp>

#include <filesystem>

namespace couponsync::daemon {

/// Reads a JSON file with comments, trailing commas and perhaps a byte order mark. Throws ConfigurationError
/// that names the file, and for a syntax error its line and column.
boost::json::value read_json_file(const std::filesystem::path& file);

}  // namespace couponsync::daemon
