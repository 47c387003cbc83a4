#pragma once

#include "base/time.h"

#include <optional>
#include <string_view>

namespace couponsync {

/// Reads an RFC 3339 instant with the liberties the API takes: any offset, `Z`, `T` or a space between date
/// and time, seconds left out (2025-01-01T00:00+08:00), fractions of a second, which are dropped, and a leap
/// second, which counts as the next second. Years 0000 to 9999. Anything else, also a day that is not in the
/// calendar or an instant without its offset, is nullopt.
std::optional<UnixSeconds> parse_timestamp(std::string_view text);

}  // namespace couponsync
