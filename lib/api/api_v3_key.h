#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace couponsync {

/// The APIv3 key (APIv3密钥) that the brand has set in WeChat Pay's console: what notifications are encrypted
/// with. Wiped from memory when it goes.
class ApiV3Key {
 public:
  static constexpr std::size_t kBytes = 32;

  /// The key itself, 32 bytes. The caller wipes `text`. Throws KeyError (see keys.h).
  explicit ApiV3Key(std::string_view text);
  ApiV3Key(const ApiV3Key&) = delete;
  ApiV3Key& operator=(const ApiV3Key&) = delete;
  ~ApiV3Key();

  /// What was encrypted by AEAD_AES_256_GCM (RFC 5116, section 5.2): `sealed` is the cipher text with its tag
  /// of 16 bytes behind it. Nothing if it was not sealed with this key, nonce and associated data. Throws
  /// std::runtime_error if OpenSSL cannot even begin.
  std::optional<std::string> open(std::string_view sealed, std::string_view nonce,
                                  std::string_view associated_data) const;

 private:
  std::array<unsigned char, kBytes> key_{};
};

}  // namespace couponsync
