#pragma once

#include "base/http.h"

#include <chrono>
#include <optional>

namespace couponsync {

/// How long the reply asks to wait (RFC 9110, section 10.2.3), at most an hour: a number of seconds, or a
/// date (IMF-fixdate), which counts from the reply's own Date, so that this machine's clock does not matter.
/// A date that is past means no wait; what is not understood is absent.
std::optional<std::chrono::milliseconds> retry_after_of(const HttpReply& reply);

}  // namespace couponsync
