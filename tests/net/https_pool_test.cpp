#include "net/https_transport.h"
#include "net/transport_fixture.h"

#include <gtest/gtest.h>

namespace couponsync {
namespace {

using namespace std::chrono_literals;
using test::http_reply;
using test::Then;
using test::TransportTest;

class HttpsTransportPool : public TransportTest {
 protected:
  HttpsTransportPool() { server_ = serve(); }

  HttpsTransportOptions options() const { return options_for(server_->endpoint("localhost")); }
};

TEST_F(HttpsTransportPool, UsesOneConnectionForTenRequests) {
  HttpsTransport transport(options());
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(send(transport));
  EXPECT_EQ(server_->connections, 1);
  EXPECT_EQ(server_->requests.size(), 10U);
}

TEST_F(HttpsTransportPool, UsesAsManyConnectionsAsThereAreRequestsAtOnce) {
  HttpsTransport transport(options());
  for (int round = 0; round < 3; ++round) {
    std::vector<std::unique_ptr<test::SendCall>> calls;
    for (int i = 0; i < 5; ++i) calls.push_back(start(transport));
    for (const auto& call : calls) run_until([&] { return call->done(); });
    for (const auto& call : calls) EXPECT_TRUE(call->result && *call->result);
  }
  EXPECT_EQ(server_->connections, 5);
  EXPECT_EQ(server_->requests.size(), 15U);
}

TEST_F(HttpsTransportPool, KeepsNoConnectionBeyondMaxIdle) {
  auto impatient = options();
  impatient.max_idle = 0ms;
  HttpsTransport transport(impatient);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(send(transport));
  EXPECT_EQ(server_->connections, 3);
}

TEST_F(HttpsTransportPool, KeepsNoConnectionTheServerWillClose) {
  for (const std::string& bytes : {http_reply("{}", "Connection: close\r\n"),
                                   std::string("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}")}) {
    server_ = serve();
    server_->answers = {{bytes, Then::hang}};
    HttpsTransport transport(options());
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(send(transport));
    EXPECT_EQ(server_->connections, 3);
    run_until([&] { return server_->closed_by_peer == 3; });
  }
}

TEST_F(HttpsTransportPool, KeepsNoConnectionThatSaidMoreThanItsReply) {
  server_->answers = {{http_reply("first") + http_reply("forged")}, {http_reply("second")}};
  HttpsTransport transport(options());
  ASSERT_TRUE(send(transport));
  const auto reply = send(transport);
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->body, "second");
  EXPECT_EQ(server_->connections, 2);
}

TEST_F(HttpsTransportPool, KeepsNoConnectionThatFailed) {
  server_->answers = {{"garbage\r\n\r\n"}, {http_reply("{}")}};
  HttpsTransport transport(options());
  EXPECT_FALSE(send(transport));
  EXPECT_TRUE(send(transport));
  EXPECT_EQ(server_->connections, 2);
}

TEST_F(HttpsTransportPool, NoticesThatTheServerClosedAnIdleConnection) {
  for (const Then end : {Then::close, Then::goodbye}) {
    server_ = serve();
    server_->answers = {{http_reply("first"), end}, {http_reply("second")}};
    HttpsTransport transport(options());
    ASSERT_TRUE(send(transport));
    const auto reply = send(transport);
    ASSERT_TRUE(reply) << describe(reply.error());
    EXPECT_EQ(reply->body, "second");
    EXPECT_EQ(server_->requests.size(), 2U);
  }
}

TEST_F(HttpsTransportPool, RepeatsARequestOnceOnAFreshConnectionIfAKeptOneWasStale) {
  HttpsTransport transport(options());
  const auto first = start(transport);
  const auto second = start(transport);
  run_until([&] { return first->done() && second->done(); });
  ASSERT_EQ(server_->connections, 2) << "two idle ones";
  server_->answers = {{"", Then::close}, {http_reply("again")}};
  const auto reply = send(transport);
  ASSERT_TRUE(reply) << describe(reply.error());
  EXPECT_EQ(reply->body, "again");
  EXPECT_EQ(server_->connections, 3) << "not the other idle one";
  EXPECT_EQ(server_->requests.size(), 4U);
}

TEST_F(HttpsTransportPool, FailsIfTheRepeatedRequestGetsNoReplyEither) {
  HttpsTransport transport(options());
  ASSERT_TRUE(send(transport));
  server_->answers = {{"", Then::close}};
  EXPECT_EQ(failure_of(transport).kind, FailureKind::connection_lost);
  EXPECT_EQ(server_->requests.size(), 3U);
}

TEST_F(HttpsTransportPool, DoesNotRepeatARequestOnceItsReplyBegan) {
  HttpsTransport transport(options());
  ASSERT_TRUE(send(transport));
  server_->answers = {{"H", Then::close}};
  EXPECT_EQ(failure_of(transport).kind, FailureKind::connection_lost);
  EXPECT_EQ(server_->requests.size(), 2U);
}

}  // namespace
}  // namespace couponsync
