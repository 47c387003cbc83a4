#include "api/keys.h"

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <limits>
#include <optional>
#include <utility>
#include <vector>

namespace couponsync {
namespace {

constexpr int kLeastBits = 2048;
constexpr std::string_view kPrivateExpected =
    "expected the private key of the brand's API certificate: RSA of at least 2048 bits in PEM, PKCS#8 "
    "(BEGIN PRIVATE KEY) or PKCS#1 (BEGIN RSA PRIVATE KEY), not encrypted; found ";
constexpr std::string_view kPublicExpected =
    "expected the WeChat Pay public key: RSA of at least 2048 bits in PEM (BEGIN PUBLIC KEY); found ";

[[noreturn]] void refuse(std::string_view expected, std::string_view found) {
  ERR_clear_error();
  throw KeyError(std::string(expected).append(found));
}

const unsigned char* as_uchar(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

/// One BEGIN ... END block, decoded. Wiped when it goes, as it may be a private key.
class PemBlock {
 public:
  /// The next block of `file`, or nothing at its end.
  static std::optional<PemBlock> read(BIO* file) {
    PemBlock block;
    if (PEM_read_bio_ex(file, &block.name_, &block.header_, &block.data_, &block.size_, PEM_FLAG_SECURE) != 1)
      return std::nullopt;
    return block;
  }
  PemBlock(PemBlock&& other) noexcept
      : name_(std::exchange(other.name_, nullptr)),
        header_(std::exchange(other.header_, nullptr)),
        data_(std::exchange(other.data_, nullptr)),
        size_(std::exchange(other.size_, 0)) {}
  PemBlock& operator=(PemBlock&&) = delete;
  ~PemBlock() {
    OPENSSL_secure_free(name_);
    OPENSSL_secure_free(header_);
    OPENSSL_secure_clear_free(data_, static_cast<std::size_t>(size_));
  }

  std::string_view name() const { return name_; }
  bool encrypted() const {
    return name() == "ENCRYPTED PRIVATE KEY" ||
           std::string_view(header_).find("ENCRYPTED") != std::string_view::npos;
  }
  const unsigned char* data() const { return data_; }
  long size() const { return size_; }

 private:
  PemBlock() = default;
  char* name_ = nullptr;
  char* header_ = nullptr;
  unsigned char* data_ = nullptr;
  long size_ = 0;
};

std::vector<PemBlock> read_blocks(std::string_view pem, std::string_view expected) {
  if (pem.empty()) refuse(expected, "an empty file");
  if (pem.size() > static_cast<std::size_t>(std::numeric_limits<int>::max())) refuse(expected, "a huge file");
  const std::unique_ptr<BIO, decltype(&BIO_free)> file(
      BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), &BIO_free);
  if (!file) throw std::runtime_error("OpenSSL could not open a memory buffer");
  std::vector<PemBlock> blocks;
  while (std::optional<PemBlock> block = PemBlock::read(file.get())) blocks.push_back(std::move(*block));
  ERR_clear_error();  // reading ends with an error that means "no more"
  if (blocks.empty()) refuse(expected, "no complete PEM block (is it DER, or cut off?)");
  return blocks;
}

std::string describe_block(const PemBlock& block) {
  const std::string_view name = block.name();
  if (block.encrypted()) return "an encrypted private key: decrypt it with 'openssl pkey -in OLD -out NEW'";
  if (name.ends_with("CERTIFICATE")) return "a certificate";
  if (name.ends_with("PRIVATE KEY")) return "a private key (BEGIN " + std::string(name) + ")";
  if (name == "RSA PUBLIC KEY")
    return "a PKCS#1 public key: convert it with 'openssl rsa -RSAPublicKey_in -in OLD -pubout -out NEW'";
  if (name == "PUBLIC KEY") return "a public key";
  return "a PEM block of another kind";  // its name is the file's own text: not repeated
}

std::string describe_type(const EVP_PKEY* key) {
  const char* name = EVP_PKEY_get0_type_name(key);
  return "a key of type " + std::string(name != nullptr ? name : "unknown");
}

void require_strong_rsa(const KeyHandle& key, std::string_view expected) {
  if (!key) refuse(expected, "a key that cannot be read (damaged?)");
  if (EVP_PKEY_get_base_id(key.get()) != EVP_PKEY_RSA) refuse(expected, describe_type(key.get()));
  const int bits = EVP_PKEY_get_bits(key.get());
  if (bits < kLeastBits) refuse(expected, "an RSA key of " + std::to_string(bits) + " bits");
}

/// A key with one wrong digit still parses, and every signature of it would be refused by the API.
void require_consistent(const KeyHandle& key) {
  const std::unique_ptr<EVP_PKEY_CTX, decltype(&EVP_PKEY_CTX_free)> context(
      EVP_PKEY_CTX_new(key.get(), nullptr), &EVP_PKEY_CTX_free);
  if (!context || EVP_PKEY_pairwise_check(context.get()) != 1)
    refuse(kPrivateExpected, "an RSA key whose numbers do not belong together (damaged?)");
}

using DigestContext = std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)>;

DigestContext new_digest_context() { return {EVP_MD_CTX_new(), &EVP_MD_CTX_free}; }

[[noreturn]] void throw_openssl(const char* what) {
  ERR_clear_error();
  throw std::runtime_error(what);
}

}  // namespace

void KeyDeleter::operator()(evp_pkey_st* key) const { EVP_PKEY_free(key); }

PrivateKey PrivateKey::from_pem(std::string_view pem) {
  const std::vector<PemBlock> blocks = read_blocks(pem, kPrivateExpected);
  for (const PemBlock& block : blocks) {
    if ((block.name() != "PRIVATE KEY" && block.name() != "RSA PRIVATE KEY") || block.encrypted()) continue;
    const unsigned char* data = block.data();
    KeyHandle key(d2i_AutoPrivateKey(nullptr, &data, block.size()));
    require_strong_rsa(key, kPrivateExpected);
    require_consistent(key);
    return PrivateKey(std::move(key));
  }
  refuse(kPrivateExpected, describe_block(blocks.front()));
}

std::string PrivateKey::sign(std::string_view text) const {
  const DigestContext context = new_digest_context();
  std::size_t size = 0;
  if (!context || EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key_.get()) != 1 ||
      EVP_DigestSign(context.get(), nullptr, &size, as_uchar(text), text.size()) != 1)
    throw_openssl("OpenSSL could not begin an RSA signature");
  std::string signature(size, '\0');
  if (EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size, as_uchar(text),
                     text.size()) != 1)
    throw_openssl("OpenSSL could not make an RSA signature");
  signature.resize(size);
  return signature;
}

PublicKey PublicKey::from_pem(std::string_view pem) {
  const std::vector<PemBlock> blocks = read_blocks(pem, kPublicExpected);
  for (const PemBlock& block : blocks) {
    if (block.name() != "PUBLIC KEY") continue;
    const unsigned char* data = block.data();
    KeyHandle key(d2i_PUBKEY(nullptr, &data, block.size()));
    require_strong_rsa(key, kPublicExpected);
    return PublicKey(std::move(key));
  }
  refuse(kPublicExpected, describe_block(blocks.front()));
}

bool PublicKey::verify(std::string_view text, std::string_view signature) const {
  const DigestContext context = new_digest_context();
  if (!context || EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key_.get()) != 1)
    throw_openssl("OpenSSL could not begin verifying an RSA signature");
  const int outcome =
      EVP_DigestVerify(context.get(), as_uchar(signature), signature.size(), as_uchar(text), text.size());
  // A signature of the wrong shape leaves errors behind, which the next TLS call on this thread would see.
  ERR_clear_error();
  return outcome == 1;
}

}  // namespace couponsync
