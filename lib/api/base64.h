#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace couponsync {

/// Standard Base64 (RFC 4648, section 4) with padding, on one line.
std::string base64_encode(std::string_view bytes);

/// Strict: no white space, no other alphabet, padded. Anything else is nullopt.
std::optional<std::string> base64_decode(std::string_view text);

}  // namespace couponsync
