#pragma once

#include "base/http.h"
#include "base/time.h"

#include <chrono>
#include <optional>
#include <string_view>

namespace couponsync {

/// An IMF-fixdate (RFC 9110, section 5.6.7), such as "Sun, 06 Nov 1994 08:49:37 GMT".
std::optional<std::chrono::sys_seconds> parse_http_date(std::string_view text);

/// How much this machine's clock is ahead of the reply's Date; negative if it is behind. Absent without one.
/// Nobody signs a Date: it is to be believed where nothing better is there.
std::optional<std::chrono::seconds> clock_lead(const HttpReply& reply, UnixSeconds now);
/// The same of the time that a verified reply was signed at.
std::optional<std::chrono::seconds> signed_clock_lead(const HttpReply& reply, UnixSeconds now);

}  // namespace couponsync
