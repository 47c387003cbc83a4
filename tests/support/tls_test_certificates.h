#pragma once

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace couponsync::test {

struct Certificate {
  std::string pem;
  std::string key_pem;
};

struct CertificateSpec {
  std::vector<std::string> dns_names{"localhost"};
  std::vector<std::string> addresses{"127.0.0.1", "::1"};
  std::chrono::seconds begins_in = -std::chrono::hours(1);
  std::chrono::seconds ends_in = std::chrono::hours(24);
  bool self_signed = false;
  bool weak_key = false;  ///< RSA with 1024 bits
};

/// A certification authority made on the spot; throws std::runtime_error where OpenSSL fails.
class TestCa {
 public:
  TestCa();

  const std::string& pem() const { return pem_; }
  Certificate issue(const CertificateSpec& spec) const;

 private:
  using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
  using X509Ptr = std::unique_ptr<X509, decltype(&X509_free)>;

  Key key_;
  X509Ptr certificate_;
  std::string pem_;
};

}  // namespace couponsync::test
