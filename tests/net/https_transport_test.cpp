#include "net/https_transport.h"

#include "net/transport_fixture.h"

#include <boost/asio/co_spawn.hpp>
#include <gmock/gmock.h>

#include <atomic>

namespace couponsync {
namespace {

using namespace std::chrono_literals;
using test::Answer;
using test::Greeting;
using test::http_reply;
using test::Then;
using test::TransportTest;
using testing::AllOf;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class HttpsTransportTest : public TransportTest {
 protected:
  HttpsTransportTest() { server_ = serve(); }

  HttpsTransportOptions options() const { return options_for(server_->endpoint("localhost")); }
  /// Of a server that gives this one answer.
  Failure failure_after(Answer answer) {
    server_->answers = {std::move(answer)};
    HttpsTransport transport(options());
    return failure_of(transport);
  }
  Result<HttpReply> reply_after(Answer answer) {
    server_->answers = {std::move(answer)};
    HttpsTransport transport(options());
    return send(transport);
  }
};

// Replies.

TEST_F(HttpsTransportTest, SendsTheRequestAndReturnsTheReply) {
  server_->answers = {{http_reply("{\"a\":1}", "Request-ID: 4f\r\nX-Twice: 1\r\nX-Twice: 2\r\n")}};
  HttpsTransport transport(options());
  const HttpRequest request{"/v3/a%2Bb?page_token=x%3D", {{"Accept", "application/json"}, {"X-B", "c, d"}}};
  const Result<HttpReply> reply = send(transport, Domain::primary, request);
  ASSERT_TRUE(reply) << describe(reply.error());
  EXPECT_EQ(reply->status, 200);
  EXPECT_EQ(reply->body, "{\"a\":1}");
  EXPECT_EQ(reply->header("request-id"), "4f");
  EXPECT_EQ(reply->headers.size(), 4U);
  EXPECT_EQ(reply->wire_bytes, server_->answers.front().bytes.size());
  EXPECT_THAT(server_->requests, ElementsAre("GET /v3/a%2Bb?page_token=x%3D HTTP/1.1\r\nHost: localhost:" +
                                             std::to_string(server_->port()) +
                                             "\r\nAccept: application/json\r\nX-B: c, d\r\n\r\n"));
}

TEST_F(HttpsTransportTest, ReturnsErrorRepliesAsReplies) {
  for (const std::string_view status :
       {"401 Unauthorized", "429 Too Many Requests", "503 Service Unavailable"}) {
    const auto reply = reply_after({http_reply("<html>", "", status)});
    ASSERT_TRUE(reply);
    EXPECT_EQ(std::to_string(reply->status), status.substr(0, 3));
    EXPECT_EQ(reply->body, "<html>");
  }
}

TEST_F(HttpsTransportTest, FollowsNoRedirect) {
  const std::string location = "Location: https://localhost:" + std::to_string(server_->port()) + "/b\r\n";
  const auto reply = reply_after({http_reply("", location, "302 Found")});
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->status, 302);
  EXPECT_EQ(server_->requests.size(), 1U);
}

TEST_F(HttpsTransportTest, LeavesContentAsItCame) {
  const auto reply = reply_after({http_reply("\x1f\x8b not really", "Content-Encoding: gzip\r\n")});
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->body, "\x1f\x8b not really");
  EXPECT_EQ(reply->header("Content-Encoding"), "gzip");
}

TEST_F(HttpsTransportTest, ReadsAChunkedReply) {
  const auto reply = reply_after(
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n"});
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->body, "abcde");
}

TEST_F(HttpsTransportTest, ReadsAReplyThatComesByteByByte) {
  const auto reply = reply_after({http_reply("slow", "Request-ID: 7\r\n"), Then::next_request, 1});
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->body, "slow");
  EXPECT_EQ(reply->header("Request-ID"), "7");
}

TEST_F(HttpsTransportTest, ReadsABodyOfMegabytes) {
  const std::string body(5'000'000, 'b');
  const auto reply = reply_after({http_reply(body)});
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->body, body);
}

TEST_F(HttpsTransportTest, ReadsAReplyWithoutABody) {
  const auto reply = reply_after({"HTTP/1.1 204 No Content\r\n\r\n"});
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->status, 204);
}

TEST_F(HttpsTransportTest, ReadsAnHttp10ReplyUntilTheServerSaysGoodbye) {
  const auto reply = reply_after({"HTTP/1.0 200 OK\r\n\r\nold", Then::goodbye});
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->body, "old");
}

TEST_F(HttpsTransportTest, NeedsNoGoodbyeAfterAWholeReply) {
  const auto reply = reply_after({http_reply("whole"), Then::close});
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->body, "whole");
}

TEST_F(HttpsTransportTest, SkipsInterimReplies) {
  const auto reply = reply_after(
      {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n" + http_reply("final")});
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->status, 200);
  EXPECT_EQ(reply->body, "final");
}

// Broken replies.

TEST_F(HttpsTransportTest, FailsOnEndlessInterimReplies) {
  std::string interim;
  for (int i = 0; i < 100; ++i) interim += "HTTP/1.1 100 Continue\r\n\r\n";
  EXPECT_EQ(failure_after({interim}).kind, FailureKind::malformed_reply);
  EXPECT_EQ(failure_after({"HTTP/1.1 101 Switching Protocols\r\n\r\n"}).kind, FailureKind::malformed_reply);
}

TEST_F(HttpsTransportTest, FailsOnACutReply) {
  for (const Then end : {Then::close, Then::goodbye}) {
    const Failure failure = failure_after({"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort", end});
    EXPECT_EQ(failure.kind, FailureKind::connection_lost);
    EXPECT_THAT(failure.detail, AllOf(HasSubstr("localhost:"), HasSubstr("reading the reply")));
    EXPECT_EQ(failure_after({"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", end}).kind,
              FailureKind::connection_lost);
    EXPECT_EQ(failure_after({"HTTP/1.1 200 OK\r\nConten", end}).kind, FailureKind::connection_lost);
  }
}

TEST_F(HttpsTransportTest, FailsOnABodyThatMayHaveBeenCut) {
  EXPECT_EQ(failure_after({"HTTP/1.0 200 OK\r\n\r\nold", Then::close}).kind, FailureKind::connection_lost);
}

TEST_F(HttpsTransportTest, FailsIfNoReplyComes) {
  for (const Then end : {Then::close, Then::goodbye}) {
    const Failure failure = failure_after({"", end});
    EXPECT_EQ(failure.kind, FailureKind::connection_lost);
    EXPECT_THAT(failure.detail, HasSubstr("waiting for the reply"));
  }
  EXPECT_EQ(server_->requests.size(), 2U) << "a fresh connection's request is not repeated";
}

TEST_F(HttpsTransportTest, FailsOnWhatIsNotHttp) {
  for (const std::string_view bytes :
       {"garbage without end\r\n\r\n", "HTTP/1.1 2x0 OK\r\n\r\n", "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"}) {
    const Failure failure = failure_after({std::string(bytes)});
    EXPECT_EQ(failure.kind, FailureKind::malformed_reply) << bytes;
    EXPECT_THAT(failure.detail, StartsWith("localhost:"));
  }
}

TEST_F(HttpsTransportTest, RefusesABodyAboveTheLimit) {
  auto limited = options();
  limited.max_response_bytes = 1000;
  for (const std::string& bytes : {http_reply(std::string(1001, 'b')),
                                   "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n400\r\n" +
                                       std::string(1024, 'b') + "\r\n0\r\n\r\n",
                                   "HTTP/1.0 200 OK\r\n\r\n" + std::string(1001, 'b'),
                                   std::string("HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n")}) {
    server_->answers = {{bytes, Then::hang}};
    HttpsTransport transport(limited);
    const Failure failure = failure_of(transport);
    EXPECT_EQ(failure.kind, FailureKind::reply_too_large);
    EXPECT_THAT(failure.detail, HasSubstr("1000 bytes"));
  }
  server_->answers = {{http_reply(std::string(1000, 'b'))}};
  HttpsTransport transport(limited);
  EXPECT_TRUE(send(transport));
}

TEST_F(HttpsTransportTest, TellsTheStatusOfAnErrorWhoseBodyIsAboveTheLimit) {
  auto limited = options();
  limited.max_response_bytes = 1000;
  for (const std::string& bytes :
       {std::string("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 99999999999\r\n\r\n"),
        "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 1001\r\n\r\n" + std::string(1001, 'b'),
        "HTTP/1.1 502 Bad Gateway\r\nTransfer-Encoding: chunked\r\n\r\n400\r\n" + std::string(1024, 'b') +
            "\r\n0\r\n\r\n"}) {
    server_->answers = {{bytes, Then::hang}};
    HttpsTransport transport(limited);
    const Result<HttpReply> reply = send(transport);
    ASSERT_TRUE(reply.has_value()) << bytes.substr(0, 80);
    EXPECT_EQ(reply->status, 502);
    EXPECT_EQ(reply->body, "a body of more than 1000 bytes");
  }
}

TEST_F(HttpsTransportTest, RefusesAHeaderAboveTheLimit) {
  const auto with_header = [](std::size_t size) {
    return http_reply("{}", "X-Long: " + std::string(size, 'h') + "\r\n");
  };
  EXPECT_TRUE(reply_after({with_header(16000)}));
  const Failure failure = failure_after({with_header(17000)});
  EXPECT_EQ(failure.kind, FailureKind::malformed_reply);
  EXPECT_THAT(failure.detail, HasSubstr("16384 bytes"));
  EXPECT_EQ(failure_after({"HTTP/1.1 200 OK\r\nX-Long: " + std::string(1'000'000, 'h'), Then::hang}).kind,
            FailureKind::malformed_reply);
}

/// What a chunked reply may hold beside its body has no limit of its own in HTTP.
TEST_F(HttpsTransportTest, RefusesEndlessChunkExtensionsTrailersAndHeaders) {
  const std::string drop(16'000, 'x');
  for (const char* beginning :
       {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x=",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nX-Trailer: ",
        "HTTP/1.1 200 OK\r\nX-Header: ", "HTTP/1.1 200 "}) {
    const Failure failure = failure_after({.bytes = beginning, .then = Then::drip, .drop = drop});
    EXPECT_EQ(failure.kind, FailureKind::malformed_reply) << beginning << describe(failure);
  }
  std::string many;
  for (int i = 0; i < 1'000; ++i) many += "A: b\r\n";
  const Failure failure = failure_after({.bytes = "HTTP/1.1 200 OK\r\n", .then = Then::drip, .drop = many});
  EXPECT_EQ(failure.kind, FailureKind::malformed_reply);
}

TEST_F(HttpsTransportTest, RefusesATrailerLargerThanItsParserCanKeep) {
  const auto with_trailer = [](std::size_t size) {
    return "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nX: " +
           std::string(size, 'x') + "\r\n\r\n";
  };
  EXPECT_TRUE(reply_after({with_trailer(60'000)}));
  for (const std::size_t size : {65'530U, 65'535U, 65'536U, 70'000U, 80'000U, 200'000U})
    EXPECT_EQ(failure_after({with_trailer(size)}).kind, FailureKind::malformed_reply) << size;
}

TEST_F(HttpsTransportTest, RefusesAReplyWhoseLengthIsGivenInTwoWays) {
  for (const char* headers :
       {"Content-Length: 2\r\nContent-Length: 3\r\n", "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 2\r\n", "Content-Length: 2, 3\r\n",
        "Content-Length: +2\r\n", "Content-Length: 0x2\r\n", "Content-Length: \r\n"}) {
    const std::string bytes = std::string("HTTP/1.1 200 OK\r\n") + headers + "\r\n2\r\n{}\r\n0\r\n\r\n";
    EXPECT_EQ(failure_after({bytes}).kind, FailureKind::malformed_reply) << headers;
  }
}

TEST_F(HttpsTransportTest, RefusesToSendControlCharacters) {
  HttpsTransport transport(options());
  EXPECT_THROW(send(transport, Domain::primary, {"/a\r\nX: y", {}}), std::invalid_argument);
  EXPECT_THROW(send(transport, Domain::primary, {"/a", {{"X", "y\nZ: 1"}}}), std::invalid_argument);
  EXPECT_EQ(server_->connections, 0);
}

// Two domains, names and addresses.

TEST_F(HttpsTransportTest, ReachesBothDomains) {
  const auto backup = serve({.dns_names = {"backup.test"}});
  server_->answers = {{http_reply("primary")}};
  backup->answers = {{http_reply("backup")}};
  auto both = options();
  both.backup = backup->endpoint("backup.test");
  HttpsTransport transport(both);
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(send(transport, Domain::primary)->body, "primary");
    EXPECT_EQ(send(transport, Domain::backup)->body, "backup");
  }
  EXPECT_EQ(server_->connections, 1);
  EXPECT_EQ(backup->connections, 1);
  EXPECT_THAT(server_->peer_names, ElementsAre("localhost"));
  EXPECT_THAT(backup->peer_names, ElementsAre("backup.test"));
  EXPECT_THAT(backup->requests, Each(HasSubstr("Host: backup.test:")));
}

TEST_F(HttpsTransportTest, ThrowsForABackupThatIsNotConfigured) {
  HttpsTransport transport(options());
  EXPECT_THROW(send(transport, Domain::backup), std::logic_error);
}

TEST_F(HttpsTransportTest, LooksTheNameUpForEveryNewConnection) {
  const auto moved = serve();
  auto changing = options();
  changing.max_idle = 0ms;
  const auto lookups = std::make_shared<std::atomic<int>>(0);
  changing.lookup = [lookups, before = server_->port(), after = moved->port()](const HttpsEndpoint&) {
    const auto port = (*lookups)++ == 0 ? before : after;
    return Result<Addresses>(Addresses{{boost::asio::ip::address_v4::loopback(), port}});
  };
  HttpsTransport transport(changing);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(send(transport));
  EXPECT_EQ(*lookups, 3);
  EXPECT_EQ(server_->connections, 1);
  EXPECT_EQ(moved->connections, 2);
}

TEST_F(HttpsTransportTest, TriesTheAddressesInTheirOrder) {
  auto several = options();
  several.lookup = [unused = unused_port(), port = server_->port()](const HttpsEndpoint&) {
    const auto host = boost::asio::ip::address_v4::loopback();
    return Result<Addresses>(Addresses{{host, unused}, {host, port}, {host, unused}});
  };
  HttpsTransport transport(several);
  EXPECT_TRUE(send(transport));
}

TEST_F(HttpsTransportTest, SaysWhichAddressRefusedTheConnection) {
  auto refused = options();
  refused.primary.port = std::to_string(unused_port());
  HttpsTransport transport(refused);
  const Failure failure = failure_of(transport);
  EXPECT_EQ(failure.kind, FailureKind::connect_failed);
  EXPECT_THAT(failure.detail, AllOf(StartsWith("localhost:" + refused.primary.port + ": Connection refused"),
                                    HasSubstr("127.0.0.1")));
}

TEST_F(HttpsTransportTest, SaysWhichNameWasNotResolved) {
  auto unknown = options();
  unknown.primary.host = "nowhere.invalid";
  unknown.lookup = system_lookup;
  HttpsTransport transport(unknown);
  const Failure failure = failure_of(transport);
  EXPECT_EQ(failure.kind, FailureKind::resolve_failed);
  EXPECT_THAT(failure.detail, StartsWith("nowhere.invalid:" + unknown.primary.port));
}

TEST_F(HttpsTransportTest, AsksTheSystemForAddresses) {
  auto real = options();
  real.lookup = system_lookup;
  HttpsTransport transport(real);
  EXPECT_TRUE(send(transport));
}

TEST_F(HttpsTransportTest, KeepsNoEventLoopRunning) {
  boost::asio::io_context client_io{1};
  HttpsTransport transport(options());
  std::optional<Result<HttpReply>> reply;
  boost::asio::co_spawn(
      client_io, transport.send(Domain::primary, {"/", {}}),
      [&reply](std::exception_ptr, Result<HttpReply> result) { reply = std::move(result); });
  while (!reply) {
    client_io.poll();
    io_.poll();
  }
  EXPECT_TRUE(*reply);
  client_io.poll();
  EXPECT_TRUE(client_io.stopped()) << "with an idle connection in the pool";
}

}  // namespace
}  // namespace couponsync
