#include "api/api_v3_key.h"

#include "api/keys.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include <algorithm>
#include <limits>
#include <memory>
#include <stdexcept>

namespace couponsync {
namespace {

constexpr std::size_t kTagBytes = 16;
constexpr std::size_t kNonceBytes = 12;

struct CipherDeleter {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};

const unsigned char* as_uchar(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

bool fits_int(std::size_t size) { return size <= static_cast<std::size_t>(std::numeric_limits<int>::max()); }

}  // namespace

ApiV3Key::ApiV3Key(std::string_view text) {
  if (text.size() != kBytes)
    throw KeyError("expected the APIv3 key, " + std::to_string(kBytes) + " bytes on one line; found " +
                   std::to_string(text.size()) + " bytes");
  std::ranges::copy(text, key_.begin());
}

ApiV3Key::~ApiV3Key() { OPENSSL_cleanse(key_.data(), key_.size()); }

std::optional<std::string> ApiV3Key::open(std::string_view sealed, std::string_view nonce,
                                          std::string_view associated_data) const {
  if (sealed.size() < kTagBytes || nonce.size() != kNonceBytes || !fits_int(sealed.size()) ||
      !fits_int(associated_data.size()))
    return std::nullopt;
  const std::unique_ptr<EVP_CIPHER_CTX, CipherDeleter> context(EVP_CIPHER_CTX_new());
  if (!context ||
      EVP_DecryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, key_.data(), as_uchar(nonce)) != 1)
    throw std::runtime_error("OpenSSL has no AES-256-GCM");
  const std::string_view cipher_text = sealed.substr(0, sealed.size() - kTagBytes);
  std::string tag(sealed.substr(cipher_text.size()));
  std::string plain(cipher_text.size(), '\0');
  auto* out = reinterpret_cast<unsigned char*>(plain.data());
  int written = 0;
  // An update of no bytes is refused by some providers.
  const bool is_open =
      (associated_data.empty() ||
       EVP_DecryptUpdate(context.get(), nullptr, &written, as_uchar(associated_data),
                         static_cast<int>(associated_data.size())) == 1) &&
      (cipher_text.empty() || EVP_DecryptUpdate(context.get(), out, &written, as_uchar(cipher_text),
                                                static_cast<int>(cipher_text.size())) == 1) &&
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_SET_TAG, kTagBytes, tag.data()) == 1 &&
      EVP_DecryptFinal_ex(context.get(), out + plain.size(), &written) == 1;
  if (is_open) return plain;
  OPENSSL_cleanse(plain.data(), plain.size());
  ERR_clear_error();
  return std::nullopt;
}

}  // namespace couponsync
