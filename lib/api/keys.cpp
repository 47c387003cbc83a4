#include "api/keys.h"

#include "api/base64.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <optional>
#include <vector>

namespace couponsync {
namespace {

constexpr int kMinBits = 2048;

struct BioDeleter {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
using Bio = std::unique_ptr<BIO, BioDeleter>;

struct DigestContextDeleter {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using DigestContext = std::unique_ptr<EVP_MD_CTX, DigestContextDeleter>;

Bio read_only(std::string_view text) {
  return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

/// An encrypted key must fail here and never ask for a passphrase on a terminal.
int no_passphrase(char*, int, int, void*) { return -1; }

bool holds(std::string_view pem, std::string_view label) {
  return pem.find("-----BEGIN " + std::string(label)) != std::string_view::npos;
}

void check_rsa(evp_pkey_st* key) {
  if (EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA)
    throw KeyError("the key is not an RSA key; WeChat Pay uses RSA keys");
  if (EVP_PKEY_get_bits(key) < kMinBits)
    throw KeyError("the RSA key has " + std::to_string(EVP_PKEY_get_bits(key)) +
                   " bits; at least 2048 are needed");
}

const unsigned char* bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

}  // namespace

void EvpKeyDeleter::operator()(evp_pkey_st* key) const { EVP_PKEY_free(key); }

PrivateKey PrivateKey::from_pem(std::string_view pem) {
  if (holds(pem, "CERTIFICATE") && !holds(pem, "PRIVATE KEY") && !holds(pem, "RSA PRIVATE KEY"))
    throw KeyError("holds a certificate; expected is the brand's private key (apiclient_key.pem)");
  if (holds(pem, "PUBLIC KEY")) throw KeyError("holds a public key; expected is the brand's private key");
  if (holds(pem, "ENCRYPTED PRIVATE KEY") || pem.find("Proc-Type: 4,ENCRYPTED") != std::string_view::npos)
    throw KeyError(
        "holds an encrypted private key; decrypt it first (openssl pkey) and protect the file by its mode");
  const Bio bio = read_only(pem);
  EvpKey key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr));
  ERR_clear_error();
  if (!key) throw KeyError("holds no private key in PEM (PKCS#8 or PKCS#1)");
  check_rsa(key.get());
  return PrivateKey(std::move(key));
}

std::string PrivateKey::sign(std::string_view text) const {
  const DigestContext context(EVP_MD_CTX_new());
  std::size_t size = 0;
  std::vector<unsigned char> signature(static_cast<std::size_t>(EVP_PKEY_get_size(key_.get())));
  size = signature.size();
  if (!context || EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key_.get()) != 1 ||
      EVP_DigestSign(context.get(), signature.data(), &size, bytes(text), text.size()) != 1) {
    ERR_clear_error();
    throw std::runtime_error("OpenSSL could not sign");
  }
  signature.resize(size);
  return encode_base64(signature);
}

PublicKey PublicKey::from_pem(std::string_view pem) {
  if (holds(pem, "CERTIFICATE"))
    throw KeyError("holds a certificate; expected is the WeChat Pay public key (pub_key.pem)");
  if (holds(pem, "PRIVATE KEY") || holds(pem, "RSA PRIVATE KEY"))
    throw KeyError("holds a private key; expected is the WeChat Pay public key (pub_key.pem)");
  const Bio bio = read_only(pem);
  EvpKey key(PEM_read_bio_PUBKEY(bio.get(), nullptr, no_passphrase, nullptr));
  ERR_clear_error();
  if (!key) throw KeyError("holds no public key in PEM (BEGIN PUBLIC KEY)");
  check_rsa(key.get());
  return PublicKey(std::move(key));
}

bool PublicKey::verifies(std::string_view text, std::string_view base64) const {
  const std::optional<std::vector<unsigned char>> signature = decode_base64(base64);
  if (!signature) return false;
  const DigestContext context(EVP_MD_CTX_new());
  const bool right =
      context && EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key_.get()) == 1 &&
      EVP_DigestVerify(context.get(), signature->data(), signature->size(), bytes(text), text.size()) == 1;
  ERR_clear_error();
  return right;
}

}  // namespace couponsync
