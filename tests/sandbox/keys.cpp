#include "sandbox/keys.h"

#include "sandbox/certificates.h"
#include "sandbox/files.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>

#include <array>
#include <stdexcept>
#include <vector>

namespace couponsync::sandbox {
namespace {

namespace fs = std::filesystem;
using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;
using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)>;

KeyPointer own(EVP_PKEY* key) {
  if (key == nullptr) throw std::runtime_error("OpenSSL could not make or read a key");
  return {key, EVP_PKEY_free};
}

KeyPointer read_key(const fs::path& file) {
  const std::string pem = read_file(file);
  const Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), BIO_free);
  return own(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr));
}

KeyPointer load_or_make_key(const fs::path& file) {
  if (fs::exists(file)) return read_key(file);
  KeyPointer key = own(EVP_RSA_gen(2048));
  write_file(file, private_pem(key), 0600);
  return key;
}

const unsigned char* bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

std::string load_or_make_api_v3_key(const fs::path& file) {
  constexpr std::size_t kLetters = 32;
  if (fs::exists(file)) return read_file(file).substr(0, kLetters);
  constexpr std::string_view kAlphabet = "0123456789abcdefghijklmnopqrstuv";
  std::array<unsigned char, kLetters> random;
  if (RAND_bytes(random.data(), static_cast<int>(random.size())) != 1)
    throw std::runtime_error("OpenSSL has no random bytes");
  std::string key;
  for (const unsigned char byte : random) key += kAlphabet[byte % kAlphabet.size()];
  write_file(file, key + "\n", 0600);
  return key;
}

std::string base64(std::string_view raw) {
  std::string encoded((raw.size() + 2) / 3 * 4 + 1, '\0');  // EVP_EncodeBlock ends its output with a NUL
  const int length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(encoded.data()), bytes(raw),
                                     static_cast<int>(raw.size()));
  encoded.resize(static_cast<std::size_t>(length));
  return encoded;
}

}  // namespace

Keys load_or_make_keys(const fs::path& folder) {
  const fs::path own_folder = folder / "sandbox";
  fs::create_directories(own_folder);
  fs::permissions(folder, fs::perms::owner_all);
  Keys keys;
  keys.brand = load_or_make_key(folder / "brand_key.pem");
  keys.wechatpay = load_or_make_key(own_folder / "wechatpay_key.pem");
  write_file(folder / "wechatpay_public_key.pem", public_pem(keys.wechatpay), 0644);
  keys.api_v3_key = load_or_make_api_v3_key(folder / "api_v3_key.txt");
  keys.certificate_serial = "5157F09EFDC096DE15EBE81A47057A7232F1B8E1";
  keys.wechatpay_public_key_id = "PUB_KEY_ID_0112034400000000000000000000000001";

  if (!fs::exists(own_folder / "server_certificate.pem")) {
    const KeyPointer ca_key = own(EVP_RSA_gen(2048));
    const KeyPointer server_key = own(EVP_RSA_gen(2048));
    const Certificates made = make_certificates(ca_key, server_key);
    write_file(folder / "ca.pem", made.ca_pem, 0644);
    write_file(own_folder / "server_key.pem", private_pem(server_key), 0600);
    write_file(own_folder / "server_certificate.pem", made.server_pem, 0644);
  }
  keys.server_certificate_pem = read_file(own_folder / "server_certificate.pem");
  keys.server_key_pem = read_file(own_folder / "server_key.pem");
  return keys;
}

std::string sign(const KeyPointer& key, std::string_view text) {
  const DigestContext context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  std::string signature(static_cast<std::size_t>(EVP_PKEY_get_size(key.get())), '\0');
  std::size_t size = signature.size();
  if (EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) != 1 ||
      EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size, bytes(text),
                     text.size()) != 1)
    throw std::runtime_error("OpenSSL could not sign");
  signature.resize(size);
  return base64(signature);
}

std::string seal(std::string_view key, std::string_view nonce, std::string_view associated_data,
                 std::string_view text) {
  constexpr std::size_t kTag = 16;
  const CipherContext context(EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
  std::string sealed(text.size() + kTag, '\0');
  auto* out = reinterpret_cast<unsigned char*>(sealed.data());
  int size = 0;
  if (EVP_EncryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, bytes(key), bytes(nonce)) != 1 ||
      EVP_EncryptUpdate(context.get(), nullptr, &size, bytes(associated_data),
                        static_cast<int>(associated_data.size())) != 1 ||
      EVP_EncryptUpdate(context.get(), out, &size, bytes(text), static_cast<int>(text.size())) != 1 ||
      EVP_EncryptFinal_ex(context.get(), out + text.size(), &size) != 1 ||
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_GET_TAG, kTag, out + text.size()) != 1)
    throw std::runtime_error("OpenSSL could not encrypt");
  return base64(sealed);
}

bool verify(const KeyPointer& key, std::string_view text, std::string_view encoded) {
  if (encoded.empty() || encoded.size() % 4 != 0) return false;
  std::vector<unsigned char> signature(encoded.size() / 4 * 3);
  const int length = EVP_DecodeBlock(signature.data(), bytes(encoded), static_cast<int>(encoded.size()));
  const int padding = encoded.ends_with("==") ? 2 : encoded.ends_with("=") ? 1 : 0;
  if (length < padding) return false;
  const auto size = static_cast<std::size_t>(length - padding);
  const DigestContext context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  return EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) == 1 &&
         EVP_DigestVerify(context.get(), signature.data(), size, bytes(text), text.size()) == 1;
}

}  // namespace couponsync::sandbox
