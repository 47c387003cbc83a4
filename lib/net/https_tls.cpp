#include "net/https_tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <stdexcept>

namespace couponsync {
namespace {

namespace ssl = boost::asio::ssl;

constexpr int kSecurityLevel = 2;  // 112 bits: RSA from 2048, no SHA-1 signatures

}  // namespace

ssl::context make_tls_context(const std::optional<std::filesystem::path>& ca_file) {
  ssl::context context(ssl::context::tls_client);
  SSL_CTX* native = context.native_handle();
  if (SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION) != 1)
    throw std::runtime_error("OpenSSL could not be told to use TLS 1.2 or newer");
  SSL_CTX_set_security_level(native, std::max(kSecurityLevel, SSL_CTX_get_security_level(native)));
  context.set_verify_mode(ssl::verify_peer);
  boost::system::error_code ec;
  if (ca_file) {
    context.load_verify_file(ca_file->string(), ec);
    if (ec)
      throw std::runtime_error("api.ca_file " + ca_file->string() + " could not be read (" + ec.message() +
                               "); it must be a readable PEM file of CA certificates");
  } else {
    context.set_default_verify_paths(ec);
    if (ec) throw std::runtime_error("the system's CA certificates could not be set up: " + ec.message());
  }
  return context;
}

void expect_peer(SSL* tls, const HttpsEndpoint& endpoint) {
  X509_VERIFY_PARAM* expected = SSL_get0_param(tls);
  bool done = false;
  if (is_address(endpoint)) {
    done = X509_VERIFY_PARAM_set1_ip_asc(expected, endpoint.host.c_str()) == 1;
  } else {
    X509_VERIFY_PARAM_set_hostflags(expected, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    done = X509_VERIFY_PARAM_set1_host(expected, endpoint.host.c_str(), endpoint.host.size()) == 1 &&
           SSL_set_tlsext_host_name(tls, endpoint.host.c_str()) == 1;
  }
  if (!done) throw std::runtime_error("OpenSSL takes no host of the name " + endpoint.host);
}

std::string tls_reason(SSL* tls, const boost::system::error_code& error) {
  const long verdict = SSL_get_verify_result(tls);
  if (verdict != X509_V_OK)
    return std::string("certificate verify failed: ") + X509_verify_cert_error_string(verdict);
  const char* reason = ERR_reason_error_string(static_cast<unsigned long>(error.value()));
  return reason != nullptr ? reason : error.message();
}

}  // namespace couponsync
