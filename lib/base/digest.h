#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace couponsync {

/// A SHA-256 value.
using Digest = std::array<std::byte, 32>;

/// Both throw std::runtime_error if OpenSSL has no SHA-256.
Digest sha256(std::string_view text);
Digest hmac_sha256(std::span<const std::byte> key, std::string_view text);

/// Lower-case hexadecimal.
std::string to_hex(std::span<const std::byte> bytes);

}  // namespace couponsync
