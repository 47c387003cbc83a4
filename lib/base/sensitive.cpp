#include "base/sensitive.h"

#include "base/digest.h"

#include <openssl/rand.h>

#include <array>
#include <stdexcept>
#include <vector>

namespace couponsync {
namespace {

constexpr std::size_t kShownBytes = 6;

std::vector<std::byte> random_key() {
  std::vector<std::byte> key(32);
  if (RAND_bytes(reinterpret_cast<unsigned char*>(key.data()), static_cast<int>(key.size())) != 1)
    throw std::runtime_error("OpenSSL's random generator failed");
  return key;
}

std::vector<std::byte>& redaction_key() {
  static std::vector<std::byte> key = random_key();
  return key;
}

}  // namespace

void set_redaction_key(std::span<const std::byte> key) {
  if (key.size() < 16) throw std::invalid_argument("a redaction key has at least 16 bytes");
  redaction_key().assign(key.begin(), key.end());
}

std::string redact(std::string_view value) {
  const Digest digest = hmac_sha256(redaction_key(), value);
  return std::string("~").append(to_hex(std::span(digest).first<kShownBytes>()));
}

}  // namespace couponsync
