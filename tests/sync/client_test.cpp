#include "sync/sync_fixture.h"

namespace couponsync::test {
namespace {

using Instead = std::optional<Result<HttpReply>>;
using std::chrono::milliseconds;

Failure transport_failure(FailureKind kind) {
  Failure failure;
  failure.kind = kind;
  failure.detail = "as asked";
  return failure;
}

class ClientTest : public SyncTest {
 protected:
  ClientTest() {
    world_.populate(1, [](int) { return 3; });
  }

  World world_{path_};
};

TEST_F(ClientTest, RepeatsA429UntilItIsAnsweredAndCountsItAgainstNoDomain) {
  world_.api.fault = [](std::size_t n, const SeenCall&) -> Instead {
    if (n < 30) return FakeWechatPay::error_reply(429, "RATELIMIT_EXCEEDED");
    return std::nullopt;
  };
  const OnceReport report = world_.once();
  EXPECT_EQ(report.counters.listings_ok, 1);
  EXPECT_EQ(report.counters.rate_limited, 30);
  EXPECT_EQ(report.counters.requests, 31);
  EXPECT_EQ(report.counters.retries, 0);
  EXPECT_TRUE(world_.events.avoided.empty());
  for (const SeenCall& call : world_.api.calls) EXPECT_EQ(call.domain, Domain::primary);
}

TEST_F(ClientTest, WaitsAsLongAsRetryAfterSays) {
  world_.api.fault = [](std::size_t n, const SeenCall&) -> Instead {
    if (n > 0) return std::nullopt;
    HttpReply reply = FakeWechatPay::error_reply(429, "RATELIMIT_EXCEEDED");
    reply.headers.push_back({"Retry-After", "7"});
    return reply;
  };
  world_.once();
  ASSERT_EQ(world_.api.calls.size(), 2U);
  EXPECT_GE(world_.api.calls[1].at - world_.api.calls[0].at, milliseconds(7000));
}

TEST_F(ClientTest, GoesToTheOtherDomainAtOnceWhenOneCannotBeReached) {
  world_.api.fault = [](std::size_t, const SeenCall& call) -> Instead {
    if (call.domain == Domain::primary) return transport_failure(FailureKind::connect_failed);
    return std::nullopt;
  };
  const OnceReport report = world_.once();
  EXPECT_EQ(report.counters.listings_ok, 1);
  EXPECT_EQ(report.counters.failovers, 1);
  EXPECT_EQ(report.counters.retries, 1);
  ASSERT_EQ(world_.events.waits.size(), 1U);
  EXPECT_EQ(world_.events.waits[0], milliseconds(0));
}

TEST_F(ClientTest, IsPatientFromTheFirstFailureOnWhenThereIsNoBackup) {
  *world_.domains = DomainSelector(false);
  world_.api.fault = [](std::size_t n, const SeenCall&) -> Instead {
    if (n == 0) return transport_failure(FailureKind::connect_failed);
    return std::nullopt;
  };
  const OnceReport report = world_.once();
  EXPECT_EQ(report.counters.listings_ok, 1);
  EXPECT_EQ(report.counters.failovers, 0);
  EXPECT_EQ(world_.api.calls.at(1).domain, Domain::primary);
  EXPECT_GE(world_.events.waits.at(0), milliseconds(200));
}

TEST_F(ClientTest, GivesAPageFourAttemptsWithGrowingPatience) {
  world_.api.fault = [](std::size_t, const SeenCall&) -> Instead {
    return FakeWechatPay::error_reply(500, "SYSTEM_ERROR");
  };
  const OnceReport report = world_.once();
  EXPECT_EQ(report.counters.listings_failed, 1);
  // Four attempts, and four more when a once gives the listing its second chance.
  EXPECT_EQ(world_.api.calls.size(), 8U);
  ASSERT_EQ(world_.events.failures.size(), 2U);
  EXPECT_EQ(world_.events.failures[0].kind, FailureKind::server_error);
  EXPECT_EQ(world_.events.failures[0].code, "SYSTEM_ERROR");
  EXPECT_EQ(world_.events.failures[0].request_id, "08F7E2");
  ASSERT_EQ(world_.events.waits.size(), 6U);
  EXPECT_GE(world_.events.waits[1], milliseconds(200));
  EXPECT_LE(world_.events.waits[2], milliseconds(4000));
}

TEST_F(ClientTest, AlternatesBetweenTheDomainsWhileBothFail) {
  world_.api.fault = [](std::size_t n, const SeenCall&) -> Instead {
    if (n < 3) return FakeWechatPay::error_reply(502, "");
    return std::nullopt;
  };
  const OnceReport report = world_.once();
  EXPECT_EQ(report.counters.listings_ok, 1);
  ASSERT_EQ(world_.api.calls.size(), 4U);
  for (std::size_t i = 1; i < 4; ++i) EXPECT_NE(world_.api.calls[i].domain, world_.api.calls[i - 1].domain);
}

TEST_F(ClientTest, RepeatsAWrongSignatureWithoutHoldingItAgainstTheDomain) {
  world_.api.fault = [this](std::size_t n, const SeenCall& call) -> Instead {
    if (n > 1) return std::nullopt;
    HttpReply reply = world_.api.page_for(call);
    reply.body += " ";
    return reply;
  };
  const OnceReport report = world_.once();
  EXPECT_EQ(report.counters.listings_ok, 1);
  EXPECT_EQ(report.counters.retries, 2);
  ASSERT_EQ(world_.events.attempts.size(), 2U);
  EXPECT_EQ(world_.events.attempts[0].kind, FailureKind::signature_wrong);
  EXPECT_TRUE(world_.events.avoided.empty());
}

TEST_F(ClientTest, NeverLetsAnUnverifiedReplyIn) {
  world_.api.fault = [this](std::size_t, const SeenCall& call) -> Instead {
    HttpReply reply = world_.api.page_for(call);
    std::erase_if(reply.headers, [](const HttpHeader& h) { return h.name == "Wechatpay-Signature"; });
    return reply;
  };
  const OnceReport report = world_.once();
  EXPECT_EQ(report.counters.listings_ok, 0);
  EXPECT_EQ(world_.events.failures.at(0).kind, FailureKind::signature_missing);
  EXPECT_TRUE(mirrored_coupons(path_).empty());
}

TEST_F(ClientTest, SaysClockSkewWhenOnlyTheTimestampIsOff) {
  world_.api.fault = [this](std::size_t, const SeenCall& call) -> Instead {
    return world_.api.signed_reply(world_.api.page_for(call).body,
                                   world_.env.wall_now() - std::chrono::minutes(10));
  };
  world_.once();
  EXPECT_EQ(world_.events.failures.at(0).kind, FailureKind::clock_skew);
}

TEST_F(ClientTest, SaysByHowMuchTheClockIsOffWhenThatMayBeWhyItIsRefused) {
  world_.api.fault = [](std::size_t, const SeenCall&) -> Instead {
    HttpReply reply = FakeWechatPay::error_reply(401, "SIGN_ERROR");
    reply.headers.push_back({"Date", "Sun, 06 Nov 1994 08:49:37 GMT"});
    return reply;
  };
  const OnceReport report = world_.once();
  ASSERT_TRUE(report.stopped_by);
  const auto lead = to_unix_seconds(world_.env.wall_now()) - 784'111'777;
  EXPECT_NE(report.stopped_by->detail.find("clock skew: this machine's clock is " + std::to_string(lead) +
                                           " s ahead of WeChat Pay's"),
            std::string::npos)
      << report.stopped_by->detail;
}

class ManyUsers : public SyncTest {
 protected:
  ManyUsers() {
    world_.populate(40, [](int) { return 1; });
  }

  World world_{path_};
};

TEST_F(ManyUsers, TheFirstCallGoesAloneAndThenAsManyAsAllowed) {
  world_.once(8);
  ASSERT_GE(world_.api.calls.size(), 2U);
  EXPECT_GE(world_.api.calls[1].at - world_.api.calls[0].at, world_.api.latency);
  EXPECT_EQ(world_.api.max_in_flight, 8U);
}

TEST_F(SyncTest, CallsAreSpreadAtTheConfiguredRate) {
  World world(path_, {10, 10, 1.0});
  world.populate(40, [](int) { return 1; });
  world.once(16);
  const std::vector<SeenCall>& calls = world.api.calls;
  ASSERT_EQ(calls.size(), 40U);
  for (std::size_t i = 11; i < calls.size(); ++i)
    EXPECT_GE(calls[i].at - calls[i - 11].at, milliseconds(1000 - 1)) << "call " << i;
}

}  // namespace
}  // namespace couponsync::test
