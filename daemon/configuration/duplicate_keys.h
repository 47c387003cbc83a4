#pragma once

#include "configuration/configuration_error.h"

#include <string_view>
#include <vector>

namespace couponsync::daemon {

/// Every key that an object of the text gives more than once, at any depth: its JSON pointer and the lines.
/// RFC 8259 leaves open which one counts, and most parsers keep the last without a word. Keys that differ
/// only in how they are escaped are the same. `json` is valid JSON with comments and trailing commas.
std::vector<ConfigurationProblem> duplicate_keys(std::string_view json);

}  // namespace couponsync::daemon
