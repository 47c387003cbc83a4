#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace couponsync {

/// RFC 4648 section 4, with padding.
std::string encode_base64(std::span<const unsigned char> bytes);

/// Strict: no white space, no missing or early padding, no other alphabet.
std::optional<std::vector<unsigned char>> decode_base64(std::string_view text);

}  // namespace couponsync
