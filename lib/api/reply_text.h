#pragma once

#include "base/http.h"
#include "base/sensitive.h"

#include <cstddef>
#include <string>
#include <string_view>

namespace couponsync {

/// A header's value fit for logs: what is not visible ASCII becomes '?', and what is longer is cut off.
std::string printable_ascii(std::string_view text, std::size_t max_size);

/// UTF-8 text fit for logs: control characters become spaces, and what is beyond `max_characters` is cut off
/// with an ellipsis.
std::string one_line(std::string_view text, std::size_t max_characters);

/// The reply's Request-ID, fit for rows and logs; empty if it has none.
std::string request_id_of(const HttpReply& reply);
/// The same without the openid, should it quote it.
std::string request_id_of(const HttpReply& reply, const Openid& openid);

}  // namespace couponsync
