#include "net/https_transport.h"
#include "net/transport_fixture.h"

#include <gmock/gmock.h>

namespace couponsync {
namespace {

using namespace std::chrono_literals;
using test::http_reply;
using test::Then;
using test::TransportTest;
using testing::StartsWith;

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

/// The second reply is a TLS record of its own, in the same segment: when the first one has been read, it
/// lies in OpenSSL's buffer, and neither the parser nor the socket shows it.
TEST_F(HttpsTransportPool, KeepsNoConnectionWithAnUnreadReplyInItsTlsBuffer) {
  for (const std::size_t size : {2, 1'000, 16'000, 16'300, 16'400, 17'000, 40'000}) {
    server_ = serve();
    HttpsTransport transport(options());
    ASSERT_TRUE(send(transport)) << "the server's session tickets are out of the way";
    test::Answer two{http_reply(std::string(size, 'a'))};
    two.more = http_reply("forged");
    server_->answers = {two, {http_reply("asked for")}};
    ASSERT_TRUE(send(transport));
    const auto reply = send(transport);
    ASSERT_TRUE(reply) << describe(reply.error());
    EXPECT_EQ(reply->body, "asked for") << "after a body of " << size;
    EXPECT_EQ(server_->connections, 2);
  }
}

/// One byte more after each round, so that records end everywhere in the buffers below.
TEST_F(HttpsTransportPool, KeepsNoConnectionWithAnUnreadReplyWhereverRecordsEnd) {
  for (std::size_t piece = 16'000; piece < 16'500; piece += 7) {
    HttpsTransport transport(options());
    test::Answer two{http_reply(std::string(40'000, 'a'))};
    two.piece = piece;
    two.more = http_reply("forged");
    server_->answers = {two, {http_reply("asked for")}};
    ASSERT_TRUE(send(transport));
    const auto reply = send(transport);
    ASSERT_TRUE(reply) << describe(reply.error());
    ASSERT_EQ(reply->body, "asked for") << "records of " << piece;
  }
}

TEST_F(HttpsTransportPool, KeepsNoConnectionWithAPartOfARecordUnread) {
  test::Answer more{http_reply("first")};
  more.more = "H";
  server_->answers = {more, {http_reply("second")}};
  HttpsTransport transport(options());
  ASSERT_TRUE(send(transport));
  EXPECT_EQ(send(transport)->body, "second");
  EXPECT_EQ(server_->connections, 2);
}

TEST_F(HttpsTransportPool, NeverTakesAReplyThatCameWhileIdleForTheNextOne) {
  HttpsTransport transport(options());
  ASSERT_TRUE(send(transport));
  server_->say_unasked(http_reply("late"));
  run_until([&] { return server_->unasked == 1; });
  server_->answers = {{http_reply("asked for")}};
  const auto reply = send(transport);
  ASSERT_TRUE(reply) << describe(reply.error());
  EXPECT_EQ(reply->body, "asked for");
  EXPECT_EQ(server_->connections, 2);
}

/// Every way to put more behind a reply than its framing says.
TEST_F(HttpsTransportPool, NeverTakesWhatFollowsAReplyForTheNextOne) {
  const std::string forged = http_reply("forged");
  for (const std::string& bytes : std::vector<std::string>{
           "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}" + forged,
           "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}" + forged,
           "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nX-Trailer: 1\r\n\r\n" +
               forged,
           "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n\r\n",
           "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\n{}" + forged,
           "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}" + forged,
           "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}HTTP/1.1 100 Continue\r\n\r\n",
           "HTTP/1.1 204 No Content\r\nContent-Length: 55\r\n\r\n",
           "HTTP/1.1 304 Not Modified\r\nContent-Length: 55\r\n\r\n",
           "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}\n",
       }) {
    server_ = serve();
    server_->answers = {{bytes}, {http_reply("asked for")}};
    HttpsTransport transport(options());
    ASSERT_TRUE(send(transport)) << bytes;
    const auto reply = send(transport);
    ASSERT_TRUE(reply) << bytes << describe(reply.error());
    EXPECT_EQ(reply->body, "asked for") << bytes;
    EXPECT_EQ(server_->connections, 2) << bytes;
  }
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

TEST_F(HttpsTransportPool, NeverSendsARequestAgainThatAStaleConnectionMayHaveDelivered) {
  for (const Then end : {Then::close, Then::goodbye}) {
    server_ = serve();
    HttpsTransport transport(options());
    ASSERT_TRUE(send(transport));
    server_->answers = {{"", end}, {http_reply("not asked for")}};
    const Failure failure = failure_of(transport);
    EXPECT_EQ(failure.kind, FailureKind::connection_stale);
    EXPECT_THAT(failure.detail, StartsWith("localhost:"));
    EXPECT_EQ(server_->requests.size(), 2U);
    EXPECT_EQ(server_->connections, 1);
  }
}

TEST_F(HttpsTransportPool, DropsAllIdleConnectionsOfADomainOnceOneOfThemWasStale) {
  HttpsTransport transport(options());
  std::vector<std::unique_ptr<test::SendCall>> calls;
  for (int i = 0; i < 5; ++i) calls.push_back(start(transport));
  for (const auto& call : calls) run_until([&] { return call->done(); });
  ASSERT_EQ(server_->connections, 5);
  server_->answers = {{"", Then::close}, {http_reply("fresh")}};
  EXPECT_EQ(failure_of(transport).kind, FailureKind::connection_stale);
  run_until([&] { return server_->closed_by_peer == 4; });
  EXPECT_EQ(send(transport)->body, "fresh");
  EXPECT_EQ(server_->connections, 6);
}

TEST_F(HttpsTransportPool, LeavesTheOtherDomainsIdleConnectionsAloneThen) {
  const auto backup = serve();
  auto both = options();
  both.backup = backup->endpoint("localhost");
  HttpsTransport transport(both);
  ASSERT_TRUE(send(transport, Domain::primary));
  ASSERT_TRUE(send(transport, Domain::backup));
  server_->answers = {{"", Then::close}};
  EXPECT_EQ(failure_of(transport).kind, FailureKind::connection_stale);
  ASSERT_TRUE(send(transport, Domain::backup));
  EXPECT_EQ(backup->connections, 1);
}

TEST_F(HttpsTransportPool, BlamesTheDomainIfAFreshConnectionGetsNoReplyEither) {
  HttpsTransport transport(options());
  ASSERT_TRUE(send(transport));
  server_->answers = {{"", Then::close}};
  EXPECT_EQ(failure_of(transport).kind, FailureKind::connection_stale);
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
