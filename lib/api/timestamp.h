#pragma once

#include "base/time.h"

#include <optional>
#include <string_view>

namespace couponsync {

/// RFC 3339 as the API writes it: with an offset or Z, with or without fractions (cut off), and, as in the
/// API's own example, also without seconds. Anything else is nothing.
std::optional<UnixSeconds> parse_timestamp(std::string_view text);

}  // namespace couponsync
