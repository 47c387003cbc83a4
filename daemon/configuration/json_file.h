#pragma once

#include "configuration/configuration_error.h"

#include <boost/json/value.hpp>

#include <filesystem>
#include <vector>

namespace couponsync::daemon {

/// Reads a JSON file with comments, trailing commas and perhaps a byte order mark. Throws ConfigurationError
/// that names the file, and for a syntax error its line and column. Notes keys that are given twice.
boost::json::value read_json_file(const std::filesystem::path& file,
                                  std::vector<ConfigurationProblem>& problems);

}  // namespace couponsync::daemon
