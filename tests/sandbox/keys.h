#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

struct evp_pkey_st;

namespace couponsync::sandbox {

using KeyPointer = std::shared_ptr<evp_pkey_st>;

/// Everything that is signed with or trusted in one sandbox folder. Made at the first start, read again
/// afterwards.
struct Keys {
  KeyPointer brand;                ///< the brand's; the sandbox uses its public half only
  std::string certificate_serial;  ///< of the brand's API certificate
  KeyPointer wechatpay;            ///< what replies are signed with
  std::string wechatpay_public_key_id;
  std::string api_v3_key;              ///< 32 letters that notifications are encrypted with
  std::string server_certificate_pem;  ///< for localhost and 127.0.0.1, with the CA behind it
  std::string server_key_pem;
};

/// Files for the client lie in `folder` (brand_key.pem, wechatpay_public_key.pem, api_v3_key.txt, ca.pem),
/// the sandbox's own in `folder`/sandbox. Throws std::runtime_error.
Keys load_or_make_keys(const std::filesystem::path& folder);

/// SHA256 with RSA, in Base64.
std::string sign(const KeyPointer& key, std::string_view text);
/// `text` encrypted by AEAD_AES_256_GCM, its tag behind it, in Base64.
std::string seal(std::string_view key, std::string_view nonce, std::string_view associated_data,
                 std::string_view text);
/// Whether `base64` is that signature.
bool verify(const KeyPointer& key, std::string_view text, std::string_view base64);

}  // namespace couponsync::sandbox
