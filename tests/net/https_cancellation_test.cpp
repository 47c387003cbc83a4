#include "net/blocked_lookup.h"
#include "net/dead_port.h"
#include "net/https_transport.h"
#include "net/transport_fixture.h"

#include <boost/asio/steady_timer.hpp>
#include <gmock/gmock.h>

namespace couponsync {
namespace {

using namespace std::chrono_literals;
using test::Answer;
using test::Greeting;
using test::http_reply;
using test::Then;
using test::TransportTest;
using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

constexpr auto kPromptly = 5s;  // far below the timeouts in force, far above what a slow machine needs

/// Where an exchange hangs.
enum class Stage { name, connection, handshake, reply, header, body };

struct StageCase {
  Stage stage;
  std::string_view name;
  std::string_view shown;  ///< in the message of a missed deadline
};

void PrintTo(const StageCase& c, std::ostream* out) { *out << c.name; }

/// A server that hangs at one stage.
class HangingServerTest : public TransportTest {
 protected:
  HangingServerTest() { server_ = serve(); }

  HttpsTransportOptions hanging_at(Stage stage) {
    auto options = options_for(server_->endpoint("localhost"));
    switch (stage) {
      case Stage::name:
        options.lookup = lookup_.function();
        break;
      case Stage::connection:
        options.lookup = [dead = dead_port_.endpoint()](const HttpsEndpoint&) {
          return Result<Addresses>(Addresses{dead});
        };
        break;
      case Stage::handshake:
        server_->greeting = Greeting::hang;
        break;
      case Stage::reply:
        server_->answers = {{"", Then::hang}};
        break;
      case Stage::header:
        server_->answers = {{"HTTP/1.1 200 OK\r\nContent-", Then::hang}};
        break;
      case Stage::body:
        server_->answers = {{"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", Then::hang}};
        break;
    }
    return options;
  }

  /// The server is where it hangs.
  void run_to(Stage stage) {
    io_.restart();
    switch (stage) {
      case Stage::name:
        io_.poll();
        return lookup_.wait_until_called();
      case Stage::connection:
        while (io_.poll() != 0) continue;
        return;
      case Stage::handshake:
        return run_until([&] { return server_->connections == 1; });
      default:
        return run_until([&] { return !server_->requests.empty(); });
    }
  }

  test::BlockedLookup lookup_;
  test::DeadPort dead_port_{io_};
};

class HttpsTransportAt : public HangingServerTest, public testing::WithParamInterface<StageCase> {};

INSTANTIATE_TEST_SUITE_P(Stages, HttpsTransportAt,
                         testing::Values(StageCase{Stage::name, "name", "looking up the name"},
                                         StageCase{Stage::connection, "connection", "connecting"},
                                         StageCase{Stage::handshake, "handshake", "shaking hands for TLS"},
                                         StageCase{Stage::reply, "reply", "waiting for the reply"},
                                         StageCase{Stage::header, "header", "reading the reply"},
                                         StageCase{Stage::body, "body", "reading the reply"}),
                         [](const auto& info) { return std::string(info.param.name); });

TEST_P(HttpsTransportAt, ThrowsAtOnceWhenCancelled) {
  HttpsTransport transport(hanging_at(GetParam().stage));
  const auto call = start(transport);
  run_to(GetParam().stage);
  ASSERT_FALSE(call->done());
  const SteadyTime begin = std::chrono::steady_clock::now();
  test::abort(io_, *call);
  run_until([&] { return call->done(); });
  EXPECT_TRUE(test::was_aborted(call->thrown));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, kPromptly);
  run_until([&] { return server_->closed_by_peer == server_->connections; });
}

TEST_P(HttpsTransportAt, FailsAtTheDeadline) {
  auto options = hanging_at(GetParam().stage);
  const bool connecting = GetParam().stage <= Stage::handshake;
  const auto given = connecting ? 1'000ms : 1'500ms;  // enough to get to the stage on a busy machine
  (connecting ? options.connect_timeout : options.request_timeout) = given;
  HttpsTransport transport(options);
  const SteadyTime begin = std::chrono::steady_clock::now();
  const Failure failure = failure_of(transport);
  EXPECT_GE(std::chrono::steady_clock::now() - begin, given);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, kPromptly);
  EXPECT_EQ(failure.kind, FailureKind::timed_out);
  EXPECT_EQ(failure.detail, "localhost:" + std::to_string(server_->port()) + ": no " +
                                (connecting ? "connection within 1 s" : "whole reply within 1500 ms") +
                                " (while " + std::string(GetParam().shown) + ")");
  run_until([&] { return server_->closed_by_peer == server_->connections; });
}

class HttpsTransportDeadline : public HangingServerTest {};

TEST_F(HttpsTransportDeadline, OfTheWholeExchangeIncludesConnecting) {
  auto options = hanging_at(Stage::handshake);
  options.request_timeout = 1s;
  HttpsTransport transport(options);
  EXPECT_THAT(failure_of(transport).detail, HasSubstr("no whole reply within 1 s (while shaking hands"));
}

TEST_F(HttpsTransportDeadline, IsNotPutOffByAReplyThatTricklesIn) {
  auto options = options_for(server_->endpoint("localhost"));
  options.request_timeout = 1s;
  server_->answers = {{"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n", Then::drip}};
  HttpsTransport transport(options);
  const SteadyTime begin = std::chrono::steady_clock::now();
  const Failure failure = failure_of(transport);
  EXPECT_EQ(failure.kind, FailureKind::timed_out);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, kPromptly);
  run_until([&] { return server_->closed_by_peer == 1; });
}

TEST_F(HttpsTransportDeadline, LeavesTimeForTheNextAddress) {
  auto options = options_for(server_->endpoint("localhost"));
  options.connect_timeout = 2s;
  options.lookup = [dead = dead_port_.endpoint(), port = server_->port()](const HttpsEndpoint&) {
    const auto host = boost::asio::ip::address_v4::loopback();
    return Result<Addresses>(Addresses{dead, dead, {host, port}, {host, port}});
  };
  HttpsTransport transport(options);
  EXPECT_TRUE(send(transport));
}

TEST_F(HttpsTransportDeadline, IsNoReasonToRepeatOnAFreshConnection) {
  auto options = options_for(server_->endpoint("localhost"));
  options.request_timeout = 2s;
  HttpsTransport transport(options);
  server_->answers = {{http_reply("{}")}, {"", Then::hang}};
  ASSERT_TRUE(send(transport));
  EXPECT_EQ(failure_of(transport).kind, FailureKind::timed_out);
  EXPECT_EQ(server_->requests.size(), 2U);
}

TEST_F(HttpsTransportDeadline, OfAnEarlierExchangeDoesNotEndALaterOne) {
  auto options = options_for(server_->endpoint("localhost"));
  options.connect_timeout = options.request_timeout = 2s;
  HttpsTransport transport(options);
  ASSERT_TRUE(send(transport));
  bool passed = false;
  boost::asio::steady_timer deadline(io_, options.request_timeout);
  deadline.async_wait([&](const boost::system::error_code&) { passed = true; });
  run_until([&] { return passed; });
  ASSERT_TRUE(send(transport));
  EXPECT_EQ(server_->connections, 1);
}

class HttpsTransportCancellation : public HangingServerTest {};

TEST_F(HttpsTransportCancellation, ClosesTheConnectionItStopped) {
  auto options = options_for(server_->endpoint("localhost"));
  HttpsTransport transport(options);
  server_->answers = {{http_reply("first")}, {"", Then::hang}, {http_reply("third")}};
  ASSERT_TRUE(send(transport));
  const auto call = start(transport);
  run_until([&] { return server_->requests.size() == 2; });
  test::abort(io_, *call);
  run_until([&] { return call->done(); });
  EXPECT_TRUE(test::was_aborted(call->thrown));
  EXPECT_EQ(server_->connections, 1) << "not repeated on a fresh connection";
  EXPECT_EQ(send(transport)->body, "third");
  EXPECT_EQ(server_->connections, 2);
}

/// Cancelled after each number of steps of client and server, an exchange either ends well or throws.
TEST_F(HttpsTransportCancellation, IsNeverTakenForAFailure) {
  const auto options = options_for(server_->endpoint());
  bool ended_by_itself = false;
  for (int steps = 0; !ended_by_itself; ++steps) {
    HttpsTransport transport(options);
    for (const bool reused : {false, true}) {
      const auto call = start(transport);
      for (int i = 0; i < steps && !call->done(); ++i) io_.run_one();
      if (!reused) ended_by_itself = call->done();  // the longer one
      test::abort(io_, *call);
      run_until([&] { return call->done(); });
      EXPECT_TRUE(test::was_aborted(call->thrown) || (call->result && *call->result))
          << "after " << steps << " steps" << (reused ? " on a kept connection" : "");
      if (!reused && !call->result) {
        ASSERT_TRUE(send(transport));
      }
    }
    ASSERT_LT(steps, 1000);
  }
}

}  // namespace
}  // namespace couponsync
