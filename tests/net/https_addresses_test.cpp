#include "net/dead_port.h"
#include "net/https_transport.h"
#include "net/transport_fixture.h"
#include "support/descriptor_shortage.h"

#include <gmock/gmock.h>

#include <algorithm>

namespace couponsync {
namespace {

using namespace std::chrono_literals;
using boost::asio::ip::tcp;
using test::DescriptorShortage;
using test::Greeting;
using test::http_reply;
using test::Then;
using test::TransportTest;
using testing::HasSubstr;

/// A domain with several addresses, each a server of its own on this machine. No connection is kept, so that
/// each call makes one.
class HttpsTransportAddresses : public TransportTest {
 protected:
  HttpsTransportAddresses() { server_ = serve(); }

  static tcp::endpoint address_of(const test::TlsTestServer& server) {
    return {boost::asio::ip::address_v4::loopback(), server.port()};
  }
  HttpsTransportOptions options(Addresses addresses) {
    *found_ = std::move(addresses);
    auto options = options_for({"localhost", "443"});
    options.max_idle = 0ms;
    options.lookup = [found = found_](const HttpsEndpoint&) { return Result<Addresses>(*found); };
    return options;
  }

  std::shared_ptr<Addresses> found_ = std::make_shared<Addresses>();  ///< what the resolver says
  test::DeadPort dead_port_{io_};
  const tcp::endpoint dead_ = dead_port_.endpoint();
};

TEST_F(HttpsTransportAddresses, ADeadFirstOneCostsAHeadStartOnceAndNothingAfterwards) {
  auto patient = options({dead_, address_of(*server_)});
  patient.connect_timeout = patient.request_timeout = 60s;
  HttpsTransport transport(patient);
  const SteadyTime begin = std::chrono::steady_clock::now();
  ASSERT_TRUE(send(transport));
  const auto first = std::chrono::steady_clock::now() - begin;
  EXPECT_GE(first, 250ms);
  EXPECT_LT(first, 10s) << "and not half of the connect timeout";
  SteadyTime::duration shortest = 1h;
  for (int i = 0; i < 5; ++i) {
    const SteadyTime again = std::chrono::steady_clock::now();
    ASSERT_TRUE(send(transport));
    shortest = std::min(shortest, std::chrono::steady_clock::now() - again);
  }
  EXPECT_LT(shortest, 250ms);
}

TEST_F(HttpsTransportAddresses, TheOneThatWorkedIsKeptToWhateverTheResolversOrder) {
  const auto other = serve();
  HttpsTransport transport(options({address_of(*server_), address_of(*other)}));
  ASSERT_TRUE(send(transport));
  *found_ = {address_of(*other), address_of(*server_)};
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(send(transport));
  EXPECT_EQ(server_->connections, 4);
  EXPECT_EQ(other->connections, 0);
}

TEST_F(HttpsTransportAddresses, OneThatTheResolverNoLongerNamesIsNotUsed) {
  const auto other = serve();
  HttpsTransport transport(options({address_of(*server_)}));
  ASSERT_TRUE(send(transport));
  *found_ = {address_of(*other)};
  ASSERT_TRUE(send(transport));
  EXPECT_EQ(server_->connections, 1);
  EXPECT_EQ(other->connections, 1);
}

TEST_F(HttpsTransportAddresses, OneThatCannotShakeHandsIsNotTriedFirstAgain) {
  for (const Greeting greeting : {Greeting::close, Greeting::hang, Greeting::plain_text}) {
    const auto broken = serve();
    broken->greeting = greeting;
    auto several = options({address_of(*broken), address_of(*server_)});
    several.connect_timeout = 1s;
    HttpsTransport transport(several);
    EXPECT_EQ(failure_of(transport).rule().of_domain, OfDomain::is_down);
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(send(transport));
    EXPECT_EQ(broken->connections, 1);
  }
}

TEST_F(HttpsTransportAddresses, OneWithAnotherCertificateIsNotTriedFirstAgain) {
  const auto stranger = serve({.dns_names = {"elsewhere.test"}});
  HttpsTransport transport(options({address_of(*stranger), address_of(*server_)}));
  EXPECT_EQ(failure_of(transport).kind, FailureKind::tls_failed);
  EXPECT_TRUE(send(transport));
  EXPECT_TRUE(send(transport));
  EXPECT_EQ(stranger->connections, 1);
}

TEST_F(HttpsTransportAddresses, OneThatNeverRepliesIsNotTriedFirstAgain) {
  const auto mute = serve();
  mute->answers = {{"", Then::hang}};
  auto several = options({address_of(*mute), address_of(*server_)});
  several.request_timeout = 1s;
  HttpsTransport transport(several);
  EXPECT_EQ(failure_of(transport).kind, FailureKind::timed_out);
  several.request_timeout = 20s;
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(send(transport));
  EXPECT_EQ(mute->connections, 1);
}

TEST_F(HttpsTransportAddresses, TheOneThatWorkedIsForgottenWhenItFails) {
  const auto other = serve();
  HttpsTransport transport(options({address_of(*server_), address_of(*other)}));
  ASSERT_TRUE(send(transport));
  server_->greeting = Greeting::close;
  EXPECT_FALSE(send(transport));
  server_->greeting = Greeting::handshake;
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(send(transport));
  EXPECT_EQ(server_->connections, 2);
  EXPECT_EQ(other->connections, 3);
}

TEST_F(HttpsTransportAddresses, ADomainWithoutOneThatAnswersSaysSoOfEach) {
  const tcp::endpoint refused(boost::asio::ip::address_v4::loopback(), unused_port());
  HttpsTransport transport(options({refused, refused}));
  const Failure failure = failure_of(transport);
  EXPECT_EQ(failure.kind, FailureKind::connect_failed);
  EXPECT_THAT(failure.detail,
              HasSubstr("none of 2 addresses could be connected (127.0.0.1: Connection refused"));
}

TEST_F(HttpsTransportAddresses, AShortageOfDescriptorsIsNotHeldAgainstThem) {
  const auto other = serve();
  server_->answers = {{http_reply("{}", "Connection: close\r\n")}};
  HttpsTransport transport(options({address_of(*server_), address_of(*other)}));
  ASSERT_TRUE(send(transport));
  run_until([&] { return server_->closed_by_peer == 1; });
  io_.poll();
  {
    const DescriptorShortage shortage;
    const Failure failure = failure_of(transport);
    EXPECT_EQ(failure.kind, FailureKind::out_of_descriptors);
    EXPECT_NE(failure.rule().of_domain, OfDomain::is_down);
  }
  ASSERT_TRUE(send(transport));
  EXPECT_EQ(server_->connections, 2) << "the one that worked is still the first";
}

TEST_F(HttpsTransportAddresses, AResolverWithoutDescriptorsIsNotBlamed) {
  for (const char* host : {"localhost", "nowhere.invalid"}) {
    auto real = options_for({host, "443"});
    real.lookup = system_lookup;
    HttpsTransport transport(real);
    const DescriptorShortage shortage;
    const Failure failure = failure_of(transport);
    EXPECT_EQ(failure.kind, FailureKind::out_of_descriptors) << describe(failure);
    EXPECT_THAT(failure.detail, HasSubstr(host));
  }
}

}  // namespace
}  // namespace couponsync
