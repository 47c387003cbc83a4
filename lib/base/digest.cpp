#include "base/digest.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <stdexcept>

namespace couponsync {
namespace {

unsigned char* as_uchar(Digest& digest) { return reinterpret_cast<unsigned char*>(digest.data()); }

}  // namespace

Digest sha256(std::string_view text) {
  Digest digest;
  unsigned int size = 0;
  if (EVP_Digest(text.data(), text.size(), as_uchar(digest), &size, EVP_sha256(), nullptr) != 1 ||
      size != digest.size())
    throw std::runtime_error("OpenSSL could not compute a SHA-256");
  return digest;
}

Digest hmac_sha256(std::span<const std::byte> key, std::string_view text) {
  Digest digest;
  unsigned int size = 0;
  const auto* data = reinterpret_cast<const unsigned char*>(text.data());
  if (HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), data, text.size(), as_uchar(digest),
           &size) == nullptr ||
      size != digest.size())
    throw std::runtime_error("OpenSSL could not compute an HMAC");
  return digest;
}

std::string to_hex(std::span<const std::byte> bytes) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const std::byte byte : bytes) {
    text += kDigits[std::to_integer<unsigned>(byte) >> 4U];
    text += kDigits[std::to_integer<unsigned>(byte) & 0xFU];
  }
  return text;
}

}  // namespace couponsync
