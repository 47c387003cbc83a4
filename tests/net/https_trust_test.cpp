#include "net/https_transport.h"
#include "net/transport_fixture.h"
#include "support/descriptor_shortage.h"

#include <gmock/gmock.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <cstdlib>
#include <iomanip>
#include <sstream>

namespace couponsync {
namespace {

using namespace std::chrono_literals;
using test::CertificateSpec;
using test::Greeting;
using test::TransportTest;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

class HttpsTransportTrust : public TransportTest {
 protected:
  Failure failure_reaching(const std::string& host) {
    HttpsTransport transport(options_for(server_->endpoint(host)));
    return failure_of(transport);
  }
  void expect_refused(const CertificateSpec& spec, std::string_view reason) {
    server_ = serve(spec);
    const Failure failure = failure_reaching("localhost");
    EXPECT_EQ(failure.kind, FailureKind::tls_failed);
    EXPECT_THAT(failure.detail, AllOf(StartsWith("localhost:" + std::to_string(server_->port()) + ": "),
                                      HasSubstr("certificate verify failed: " + std::string(reason))));
    EXPECT_THAT(server_->requests, IsEmpty());
  }
};

TEST_F(HttpsTransportTrust, RefusesAnotherHostsCertificate) {
  expect_refused({.dns_names = {"other.test", "localhost.test"}}, "hostname mismatch");
}
TEST_F(HttpsTransportTrust, RefusesACertificateForAddressesOnly) {
  expect_refused({.dns_names = {}}, "hostname mismatch");
}
TEST_F(HttpsTransportTrust, RefusesASelfSignedCertificate) {
  expect_refused({.self_signed = true}, "self-signed certificate");
}
TEST_F(HttpsTransportTrust, RefusesAnExpiredCertificate) {
  expect_refused({.begins_in = -2h, .ends_in = -1h}, "certificate has expired");
}
TEST_F(HttpsTransportTrust, RefusesACertificateThatIsNotYetValid) {
  expect_refused({.begins_in = 1h}, "certificate is not yet valid");
}
TEST_F(HttpsTransportTrust, RefusesAWeakKey) {
  expect_refused({.weak_key = true}, "EE certificate key too weak");
}

TEST_F(HttpsTransportTrust, RefusesAnUnknownAuthority) {
  server_ = serve();
  auto options = options_for(server_->endpoint("localhost"));
  options.ca_file = write_file("other.pem", test::TestCa().pem());
  HttpsTransport transport(options);
  const Failure failure = failure_of(transport);
  EXPECT_EQ(failure.kind, FailureKind::tls_failed);
  EXPECT_THAT(failure.detail, HasSubstr("certificate verify failed: "));
}

TEST_F(HttpsTransportTrust, AcceptsAWildcardForOneLabel) {
  server_ = serve({.dns_names = {"*.mch.test"}});
  HttpsTransport good(options_for(server_->endpoint("api.mch.test")));
  EXPECT_TRUE(send(good));
  EXPECT_EQ(failure_reaching("a.b.mch.test").kind, FailureKind::tls_failed);
}

TEST_F(HttpsTransportTrust, NeedsTheAddressInTheCertificateIfTheHostIsOne) {
  server_ = serve({.dns_names = {"127.0.0.1"}, .addresses = {"127.0.0.2"}});
  const Failure failure = failure_reaching("127.0.0.1");
  EXPECT_EQ(failure.kind, FailureKind::tls_failed);
  EXPECT_THAT(failure.detail, HasSubstr("IP address mismatch"));
  server_ = serve({.dns_names = {}, .addresses = {"127.0.0.1"}});
  HttpsTransport transport(options_for(server_->endpoint()));
  EXPECT_TRUE(send(transport));
}

TEST_F(HttpsTransportTrust, ReachesAnIpv6Address) {
  server_ = serve({.dns_names = {}, .addresses = {"::1"}}, "::1");
  HttpsTransport transport(options_for(server_->endpoint()));
  EXPECT_TRUE(send(transport));
  EXPECT_THAT(server_->requests, ElementsAre(HasSubstr("Host: [::1]:" + std::to_string(server_->port()))));
  EXPECT_THAT(server_->peer_names, ElementsAre(""));
}

TEST_F(HttpsTransportTrust, TellsTheServerTheNameItWantsButNoAddress) {
  server_ = serve({.dns_names = {"api.test"}});
  HttpsTransport by_name(options_for(server_->endpoint("api.test")));
  EXPECT_TRUE(send(by_name));
  HttpsTransport by_address(options_for(server_->endpoint("127.0.0.1")));
  EXPECT_TRUE(send(by_address));
  EXPECT_THAT(server_->peer_names, ElementsAre("api.test", ""));
}

TEST_F(HttpsTransportTrust, RefusesTls11) {
  server_ = serve({}, "127.0.0.1", TLS1_1_VERSION);
  EXPECT_EQ(failure_reaching("localhost").kind, FailureKind::tls_failed);
  EXPECT_THAT(server_->requests, IsEmpty());
}

TEST_F(HttpsTransportTrust, AcceptsTls12) {
  server_ = serve({}, "127.0.0.1", TLS1_2_VERSION);
  HttpsTransport transport(options_for(server_->endpoint("localhost")));
  EXPECT_TRUE(send(transport));
}

TEST_F(HttpsTransportTrust, RefusesPlainText) {
  server_ = serve();
  server_->greeting = Greeting::plain_text;
  const Failure failure = failure_reaching("localhost");
  EXPECT_EQ(failure.kind, FailureKind::tls_failed);
  EXPECT_THAT(failure.detail, HasSubstr("wrong version number"));
}

TEST_F(HttpsTransportTrust, FailsIfTheServerClosesInsteadOfShakingHands) {
  server_ = serve();
  server_->greeting = Greeting::close;
  const Failure failure = failure_reaching("localhost");
  EXPECT_EQ(failure.kind, FailureKind::connection_lost);
  EXPECT_THAT(failure.detail, HasSubstr("shaking hands"));
}

TEST_F(HttpsTransportTrust, UsesTheSystemsAuthoritiesWithoutACaFile) {
  server_ = serve();
  auto options = options_for(server_->endpoint("localhost"));
  const std::string file = options.ca_file->string();
  options.ca_file.reset();
  {
    HttpsTransport transport(options);
    EXPECT_EQ(failure_of(transport).kind, FailureKind::tls_failed);
  }
  ASSERT_EQ(::setenv("SSL_CERT_FILE", file.c_str(), 1), 0);
  HttpsTransport transport(options);
  ::unsetenv("SSL_CERT_FILE");
  EXPECT_TRUE(send(transport));
}

/// The system's CA certificates are files, found by a hash of their name when a handshake needs them.
TEST_F(HttpsTransportTrust, SaysThatADescriptorWasMissingIfItCouldNotReadTheSystemsCaCertificates) {
  server_ = serve();
  const std::string pem = ca().pem();
  const std::unique_ptr<BIO, decltype(&BIO_free)> bio(BIO_new_mem_buf(pem.data(), -1), BIO_free);
  const std::unique_ptr<X509, decltype(&X509_free)> certificate(
      PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr), X509_free);
  std::ostringstream name;
  name << std::hex << std::setw(8) << std::setfill('0') << X509_subject_name_hash(certificate.get()) << ".0";
  write_file(name.str(), pem);
  ASSERT_EQ(::setenv("SSL_CERT_DIR", folder_.path().c_str(), 1), 0);
  auto options = options_for(server_->endpoint("localhost"));
  options.ca_file.reset();
  HttpsTransport transport(options);
  ::unsetenv("SSL_CERT_DIR");
  {
    const test::DescriptorShortage shortage(2);  // for the connection's two ends
    const Failure failure = failure_of(transport);
    EXPECT_EQ(failure.kind, FailureKind::out_of_descriptors) << describe(failure);
  }
  EXPECT_TRUE(send(transport));
}

TEST_F(HttpsTransportTrust, NamesACaFileItCannotUse) {
  for (const auto& file : {write_file("not.pem", "hello"), write_file("empty.pem", ""),
                           std::filesystem::path("/nonexistent/ca.pem")}) {
    auto options = options_for({"localhost", "443"});
    options.ca_file = file;
    try {
      HttpsTransport transport(options);
      ADD_FAILURE() << file << " was taken";
    } catch (const std::runtime_error& error) {
      EXPECT_THAT(error.what(), HasSubstr(file.string()));
    }
  }
}

}  // namespace
}  // namespace couponsync
