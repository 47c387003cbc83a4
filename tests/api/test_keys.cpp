#include "api/test_keys.h"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/encoder.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <functional>
#include <stdexcept>

namespace couponsync::testing {
namespace {

void require(bool ok) {
  if (!ok) throw std::runtime_error("OpenSSL failed to make a test key");
}

TestKey own(EVP_PKEY* key) {
  require(key != nullptr);
  return {key, &EVP_PKEY_free};
}

std::string written(const std::function<int(BIO*)>& write) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> out(BIO_new(BIO_s_mem()), &BIO_free);
  require(out && write(out.get()) == 1);
  char* data = nullptr;
  const long size = BIO_get_mem_data(out.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

std::string encoded(const TestKey& key, int selection, const char* structure, const char* cipher) {
  const std::unique_ptr<OSSL_ENCODER_CTX, decltype(&OSSL_ENCODER_CTX_free)> encoder(
      OSSL_ENCODER_CTX_new_for_pkey(key.get(), selection, "PEM", structure, nullptr), &OSSL_ENCODER_CTX_free);
  require(encoder != nullptr);
  if (cipher != nullptr) {
    require(OSSL_ENCODER_CTX_set_cipher(encoder.get(), cipher, nullptr) == 1);
    require(OSSL_ENCODER_CTX_set_passphrase(encoder.get(), reinterpret_cast<const unsigned char*>("secret"),
                                            6) == 1);
  }
  return written([&](BIO* out) { return OSSL_ENCODER_to_bio(encoder.get(), out); });
}

}  // namespace

TestKey make_rsa_key(unsigned bits) { return own(EVP_RSA_gen(bits)); }

TestKey make_ec_key() { return own(EVP_EC_gen("P-256")); }

TestKey make_rsa_pss_key() {
  const std::unique_ptr<EVP_PKEY_CTX, decltype(&EVP_PKEY_CTX_free)> context(
      EVP_PKEY_CTX_new_id(EVP_PKEY_RSA_PSS, nullptr), &EVP_PKEY_CTX_free);
  EVP_PKEY* key = nullptr;
  require(context && EVP_PKEY_keygen_init(context.get()) == 1 &&
          EVP_PKEY_CTX_set_rsa_keygen_bits(context.get(), 2048) == 1 &&
          EVP_PKEY_keygen(context.get(), &key) == 1);
  return own(key);
}

std::string pkcs8_pem(const TestKey& key) {
  return encoded(key, EVP_PKEY_KEYPAIR, "PrivateKeyInfo", nullptr);
}

std::string pkcs1_pem(const TestKey& key) { return encoded(key, EVP_PKEY_KEYPAIR, "type-specific", nullptr); }

std::string encrypted_pkcs8_pem(const TestKey& key) {
  return encoded(key, EVP_PKEY_KEYPAIR, "EncryptedPrivateKeyInfo", "AES-256-CBC");
}

std::string encrypted_pkcs1_pem(const TestKey& key) {
  return encoded(key, EVP_PKEY_KEYPAIR, "type-specific", "AES-256-CBC");
}

std::string spki_pem(const TestKey& key) {
  return encoded(key, EVP_PKEY_PUBLIC_KEY, "SubjectPublicKeyInfo", nullptr);
}

std::string pkcs1_public_pem(const TestKey& key) {
  return encoded(key, EVP_PKEY_PUBLIC_KEY, "type-specific", nullptr);
}

std::string certificate_pem(const TestKey& key) {
  const std::unique_ptr<X509, decltype(&X509_free)> certificate(X509_new(), &X509_free);
  require(certificate && X509_set_pubkey(certificate.get(), key.get()) == 1 &&
          X509_gmtime_adj(X509_getm_notBefore(certificate.get()), 0) != nullptr &&
          X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600) != nullptr &&
          X509_sign(certificate.get(), key.get(), EVP_sha256()) > 0);
  return written([&](BIO* out) { return PEM_write_bio_X509(out, certificate.get()); });
}

std::string sign_with(const TestKey& key, std::string_view text) {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  std::string raw(static_cast<std::size_t>(EVP_PKEY_get_size(key.get())), '\0');
  std::size_t size = raw.size();
  require(EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) == 1 &&
          EVP_DigestSignUpdate(context.get(), text.data(), text.size()) == 1 &&
          EVP_DigestSignFinal(context.get(), reinterpret_cast<unsigned char*>(raw.data()), &size) == 1);
  std::string base64(raw.size() * 2, '\0');
  const int length =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(base64.data()),
                      reinterpret_cast<const unsigned char*>(raw.data()), static_cast<int>(size));
  base64.resize(static_cast<std::size_t>(length));
  return base64;
}

bool verify_with(const TestKey& key, std::string_view text, std::string_view raw_signature) {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  require(EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) == 1 &&
          EVP_DigestVerifyUpdate(context.get(), text.data(), text.size()) == 1);
  return EVP_DigestVerifyFinal(context.get(), reinterpret_cast<const unsigned char*>(raw_signature.data()),
                               raw_signature.size()) == 1;
}

}  // namespace couponsync::testing
