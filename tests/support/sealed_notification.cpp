#include "support/sealed_notification.h"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <openssl/evp.h>

#include <memory>
#include <stdexcept>

namespace couponsync::test {
namespace {

constexpr std::size_t kTagBytes = 16;

const unsigned char* as_uchar(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

void require(int result) {
  if (result != 1) throw std::runtime_error("OpenSSL cannot encrypt");
}

std::string sealed(const NotificationParts& parts, std::string_view key) {
  const std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)> context(EVP_CIPHER_CTX_new(),
                                                                                &EVP_CIPHER_CTX_free);
  require(
      EVP_EncryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, as_uchar(key), as_uchar(parts.nonce)));
  std::string out(parts.plain.size() + kTagBytes, '\0');
  auto* bytes = reinterpret_cast<unsigned char*>(out.data());
  int size = 0;
  if (!parts.associated_data.empty())
    require(EVP_EncryptUpdate(context.get(), nullptr, &size, as_uchar(parts.associated_data),
                              static_cast<int>(parts.associated_data.size())));
  if (!parts.plain.empty())
    require(EVP_EncryptUpdate(context.get(), bytes, &size, as_uchar(parts.plain),
                              static_cast<int>(parts.plain.size())));
  require(EVP_EncryptFinal_ex(context.get(), bytes + parts.plain.size(), &size));
  require(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_GET_TAG, kTagBytes, bytes + parts.plain.size()));
  return out;
}

std::string base64(std::string_view bytes) {
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), as_uchar(bytes),
                                   static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(size));
  return text;
}

}  // namespace

std::string sealed_notification(const NotificationParts& parts, std::string_view api_v3_key) {
  return boost::json::serialize(boost::json::object{{"id", parts.id},
                                                    {"create_time", "2026-01-15T08:00:00+08:00"},
                                                    {"event_type", parts.event_type},
                                                    {"resource_type", "encrypt-resource"},
                                                    {"summary", "summary"},
                                                    {"resource",
                                                     {{"original_type", "product_coupon"},
                                                      {"algorithm", "AEAD_AES_256_GCM"},
                                                      {"ciphertext", base64(sealed(parts, api_v3_key))},
                                                      {"associated_data", parts.associated_data},
                                                      {"nonce", parts.nonce}}}});
}

}  // namespace couponsync::test
