#pragma once

#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

struct evp_pkey_st;  // OpenSSL's EVP_PKEY

namespace couponsync {

/// A key file that cannot be used. Says what was found and what is expected, never what the file holds.
class KeyError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct KeyDeleter {
  void operator()(evp_pkey_st* key) const;
};
using KeyHandle = std::unique_ptr<evp_pkey_st, KeyDeleter>;

/// The private key of the brand's API certificate. Its text is not kept; OpenSSL wipes the key when it goes.
class PrivateKey {
 public:
  /// Reads PEM, PKCS#8 or PKCS#1: RSA of at least 2048 bits, not encrypted; never asks for a passphrase. The
  /// caller wipes `pem`. Throws KeyError.
  static PrivateKey from_pem(std::string_view pem);

  /// RSASSA-PKCS1-v1_5 with SHA-256, as raw bytes. Throws std::runtime_error if OpenSSL fails.
  std::string sign(std::string_view text) const;

 private:
  explicit PrivateKey(KeyHandle key) : key_(std::move(key)) {}
  KeyHandle key_;
};

/// The WeChat Pay public key. Copies share it.
class PublicKey {
 public:
  /// Reads PEM, SubjectPublicKeyInfo: RSA of at least 2048 bits. Throws KeyError.
  static PublicKey from_pem(std::string_view pem);

  /// Whether `signature` (raw bytes) is RSASSA-PKCS1-v1_5 with SHA-256 of `text` by this key's owner. Throws
  /// std::runtime_error if OpenSSL cannot even begin.
  bool verify(std::string_view text, std::string_view signature) const;

 private:
  explicit PublicKey(KeyHandle key) : key_(std::move(key)) {}
  std::shared_ptr<evp_pkey_st> key_;
};

}  // namespace couponsync
