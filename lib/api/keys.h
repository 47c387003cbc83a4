#pragma once

#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

struct evp_pkey_st;

namespace couponsync {

/// A key file's text is not the key that is needed. Says what was found and what is expected, never key
/// material.
class KeyError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct EvpKeyDeleter {
  void operator()(evp_pkey_st* key) const;
};
using EvpKey = std::unique_ptr<evp_pkey_st, EvpKeyDeleter>;

/// The brand's API private key: RSA of at least 2048 bits.
class PrivateKey {
 public:
  /// PEM, PKCS#8 or PKCS#1, not encrypted. Throws KeyError.
  static PrivateKey from_pem(std::string_view pem);

  /// RSASSA-PKCS1-v1_5 with SHA-256 over `text`, in Base64. Throws std::runtime_error if OpenSSL fails.
  std::string sign(std::string_view text) const;

 private:
  explicit PrivateKey(EvpKey key) : key_(std::move(key)) {}
  EvpKey key_;
};

/// The WeChat Pay public key (微信支付公钥): RSA of at least 2048 bits.
class PublicKey {
 public:
  /// PEM, SubjectPublicKeyInfo. Throws KeyError.
  static PublicKey from_pem(std::string_view pem);

  /// Whether `base64` is the RSASSA-PKCS1-v1_5 signature with SHA-256 of `text`; false for what is no Base64.
  bool verifies(std::string_view text, std::string_view base64) const;

 private:
  explicit PublicKey(EvpKey key) : key_(std::move(key)) {}
  EvpKey key_;
};

}  // namespace couponsync
