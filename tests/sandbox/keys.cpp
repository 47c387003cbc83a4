#include "sandbox/keys.h"

#include "sandbox/certificates.h"
#include "sandbox/files.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <stdexcept>
#include <vector>

namespace couponsync::sandbox {
namespace {

namespace fs = std::filesystem;
using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;
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

}  // namespace

Keys load_or_make_keys(const fs::path& folder) {
  const fs::path own_folder = folder / "sandbox";
  fs::create_directories(own_folder);
  fs::permissions(folder, fs::perms::owner_all);
  Keys keys;
  keys.brand = load_or_make_key(folder / "brand_key.pem");
  keys.wechatpay = load_or_make_key(own_folder / "wechatpay_key.pem");
  write_file(folder / "wechatpay_public_key.pem", public_pem(keys.wechatpay), 0644);
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
  std::vector<unsigned char> signature(static_cast<std::size_t>(EVP_PKEY_get_size(key.get())));
  std::size_t size = signature.size();
  if (EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) != 1 ||
      EVP_DigestSign(context.get(), signature.data(), &size, bytes(text), text.size()) != 1)
    throw std::runtime_error("OpenSSL could not sign");
  std::string encoded((size + 2) / 3 * 4 + 1, '\0');  // EVP_EncodeBlock ends its output with a NUL
  const int length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(encoded.data()), signature.data(),
                                     static_cast<int>(size));
  encoded.resize(static_cast<std::size_t>(length));
  return encoded;
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
