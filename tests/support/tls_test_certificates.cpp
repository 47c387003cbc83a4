#include "support/tls_test_certificates.h"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include <atomic>
#include <stdexcept>

namespace couponsync::test {
namespace {

void check(bool done, const char* what) {
  if (!done) throw std::runtime_error(std::string("OpenSSL failed to ") + what);
}

using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;

std::string text_of(const Bio& bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return std::string(data, static_cast<std::size_t>(size));
}

std::string pem_of(X509* certificate) {
  const Bio bio(BIO_new(BIO_s_mem()), BIO_free);
  check(PEM_write_bio_X509(bio.get(), certificate) == 1, "write a certificate");
  return text_of(bio);
}

std::string pem_of(EVP_PKEY* key) {
  const Bio bio(BIO_new(BIO_s_mem()), BIO_free);
  check(PEM_write_bio_PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr) == 1, "write a key");
  return text_of(bio);
}

void set_names(X509* certificate, X509* issuer, const char* common_name) {
  X509_NAME* subject = X509_get_subject_name(certificate);
  check(X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
                                   reinterpret_cast<const unsigned char*>(common_name), -1, -1, 0) == 1,
        "name a subject");
  check(X509_set_issuer_name(certificate, X509_get_subject_name(issuer)) == 1, "name an issuer");
}

void add_extension(X509* certificate, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  const std::unique_ptr<X509_EXTENSION, decltype(&X509_EXTENSION_free)> extension(
      X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()), X509_EXTENSION_free);
  check(extension != nullptr, "make an extension");
  check(X509_add_ext(certificate, extension.get(), -1) == 1, "add an extension");
}

std::string alternative_names(const CertificateSpec& spec) {
  std::string names;
  for (const std::string& name : spec.dns_names) names += (names.empty() ? "DNS:" : ",DNS:") + name;
  for (const std::string& address : spec.addresses) names += (names.empty() ? "IP:" : ",IP:") + address;
  return names;
}

X509* new_certificate(EVP_PKEY* key, std::chrono::seconds begins_in, std::chrono::seconds ends_in) {
  static std::atomic<long> serial{1};
  X509* certificate = X509_new();
  check(certificate != nullptr, "make a certificate");
  X509_set_version(certificate, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial++);
  X509_gmtime_adj(X509_getm_notBefore(certificate), begins_in.count());
  X509_gmtime_adj(X509_getm_notAfter(certificate), ends_in.count());
  X509_set_pubkey(certificate, key);
  return certificate;
}

}  // namespace

TestCa::TestCa() : key_(EVP_EC_gen("P-256"), EVP_PKEY_free), certificate_(nullptr, X509_free) {
  check(key_ != nullptr, "make a key");
  certificate_.reset(new_certificate(key_.get(), -std::chrono::hours(48), std::chrono::hours(48)));
  set_names(certificate_.get(), certificate_.get(), "couponsync test CA");
  add_extension(certificate_.get(), NID_basic_constraints, "critical,CA:TRUE");
  add_extension(certificate_.get(), NID_subject_key_identifier, "hash");
  check(X509_sign(certificate_.get(), key_.get(), EVP_sha256()) > 0, "sign a certificate");
  pem_ = pem_of(certificate_.get());
}

Certificate TestCa::issue(const CertificateSpec& spec) const {
  const Key key(spec.weak_key ? EVP_RSA_gen(1024) : EVP_EC_gen("P-256"), EVP_PKEY_free);
  check(key != nullptr, "make a key");
  const X509Ptr certificate(new_certificate(key.get(), spec.begins_in, spec.ends_in), X509_free);
  set_names(certificate.get(), spec.self_signed ? certificate.get() : certificate_.get(),
            "couponsync test server");
  if (const std::string names = alternative_names(spec); !names.empty())
    add_extension(certificate.get(), NID_subject_alt_name, names);
  EVP_PKEY* signer = spec.self_signed ? key.get() : key_.get();
  check(X509_sign(certificate.get(), signer, EVP_sha256()) > 0, "sign a certificate");
  return {pem_of(certificate.get()), pem_of(key.get())};
}

}  // namespace couponsync::test
