#include "sync/scheduler_fixture.h"

#include <gmock/gmock.h>

namespace couponsync::test {
namespace {

using Instead = std::optional<Result<HttpReply>>;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

Instead too_fast(std::optional<int> retry_after = std::nullopt) {
  HttpReply reply = FakeWechatPay::error_reply(429, "RATELIMIT_EXCEEDED");
  if (retry_after) reply.headers.push_back({"Retry-After", std::to_string(*retry_after)});
  return reply;
}

class LimitTest : public SyncTest {
 protected:
  std::filesystem::path fresh_path() const {
    static int number = 0;
    return folder_.path() / ("mirror-" + std::to_string(number++) + ".db");
  }
};

TEST_F(LimitTest, OfOneUserAloneCostsThatUserItsTurnAndNobodyElse) {
  for (const int users : {2, 40}) {
    for (const int concurrency : {1, 2, 16}) {
      for (const int bad : {0, users - 1}) {
        SCOPED_TRACE(testing::Message() << users << " users, " << concurrency << " at once, o" << bad);
        const std::filesystem::path path = fresh_path();
        World world(path);
        world.populate(users, [](int) { return 1; });
        const std::string openid = "o" + std::to_string(bad);
        world.api.fault = [&](std::size_t, const SeenCall& call) -> Instead {
          if (call.openid != openid) return std::nullopt;
          return too_fast();
        };
        const OnceReport report = world.once(concurrency);
        EXPECT_EQ(report.counters.listings_ok, users - 1);
        EXPECT_EQ(report.counters.listings_failed, 1);
        EXPECT_FALSE(report.stopped_by);
        EXPECT_EQ(query_one(path, "SELECT openid || ' ' || last_error_code FROM listing WHERE failures > 0"),
                  openid + " RATELIMIT_EXCEEDED");
        EXPECT_LE(std::ranges::count(world.api.calls, openid, &SeenCall::openid), 40);
        EXPECT_LE(world.env.elapsed(), minutes(3));
      }
    }
  }
}

TEST_F(LimitTest, OfWhateverIsSentIsGivenUpByAOnceAfterAQuarterOfAnHour) {
  for (const int users : {1, 30}) {
    World world(fresh_path());
    world.populate(users, [](int) { return 1; });
    world.api.fault = [](std::size_t, const SeenCall&) -> Instead { return too_fast(); };
    const OnceReport report = world.once();
    ASSERT_TRUE(report.stopped_by) << users;
    EXPECT_EQ(report.stopped_by->code, "RATELIMIT_EXCEEDED");
    EXPECT_EQ(report.counters.listings_failed, users);
    EXPECT_GE(world.env.elapsed(), minutes(15));
    EXPECT_LE(world.env.elapsed(), minutes(16));
  }
}

TEST_F(LimitTest, OfOneUserAloneThatAsksForPausesIsBoundedAsWell) {
  const std::filesystem::path path = fresh_path();
  World world(path);
  world.populate(200, [](int) { return 1; });
  world.api.fault = [](std::size_t, const SeenCall& call) -> Instead {
    if (call.openid != "o7") return std::nullopt;
    return too_fast(3600);
  };
  const OnceReport report = world.once(4);
  EXPECT_EQ(report.counters.listings_ok, 199);
  EXPECT_LE(world.env.elapsed(), minutes(8));
}

TEST_F(LimitTest, OfTheBrandForTenMinutesFailsNobody) {
  for (const int concurrency : {1, 2, 16}) {
    const std::filesystem::path path = fresh_path();
    World world(path);
    world.populate(40, [](int) { return 1; });
    world.api.fault = [&](std::size_t, const SeenCall&) -> Instead {
      if (world.env.elapsed() >= minutes(10)) return std::nullopt;
      return too_fast();
    };
    const OnceReport report = world.once(concurrency);
    EXPECT_EQ(report.counters.listings_ok, 40);
    EXPECT_TRUE(world.events.failures.empty());
    EXPECT_LE(world.api.calls.size(), 10U * 60U / 4U + 60U) << "single probes";
    ASSERT_FALSE(world.events.pauses.empty()) << "it is said that nothing gets through";
    EXPECT_EQ(world.events.pauses[0].cause, PauseCause::too_fast);
    EXPECT_GE(world.events.pauses[0].lasted, seconds(75));
    EXPECT_LE(world.events.pauses.size(), 10U) << "once a minute";
    EXPECT_EQ(world.events.resumptions.size(), 1U);
  }
}

/// Quotas of fixed windows: so many calls a minute, for everybody.
TEST_F(LimitTest, OfASmallQuotaFailsNobody) {
  for (const int a_minute : {1, 2, 5, 60}) {
    for (const int concurrency : {1, 2, 16}) {
      const std::filesystem::path path = fresh_path();
      World world(path);
      const int users = std::min(a_minute * 5, 60);
      world.populate(users, [](int) { return 1; });
      std::int64_t window = -1;
      int used = 0;
      world.api.fault = [&](std::size_t, const SeenCall&) -> Instead {
        const std::int64_t present = world.env.elapsed() / minutes(1);
        if (std::exchange(window, present) != present) used = 0;
        if (++used > a_minute) return too_fast();
        return std::nullopt;
      };
      const OnceReport report = world.once(concurrency);
      EXPECT_EQ(report.counters.listings_ok, users) << a_minute << " a minute, " << concurrency << " at once";
      EXPECT_TRUE(world.events.failures.empty());
      EXPECT_TRUE(world.events.pauses.empty()) << "a minute's quota that is used up is no event";
    }
  }
}

TEST_F(LimitTest, AnHourOfRetryAfterStopsTheBrandForAMinuteAndThatIsSaid) {
  for (const int asked : {61, 3600, 86400}) {
    World world(fresh_path());
    world.populate(40, [](int) { return 1; });
    world.api.fault = [&](std::size_t n, const SeenCall&) -> Instead {
      if (n != 5) return std::nullopt;
      return too_fast(asked);
    };
    const UnixSeconds begin = to_unix_seconds(world.env.wall_now());
    const OnceReport report = world.once(4);
    EXPECT_EQ(report.counters.listings_ok, 40);
    EXPECT_GE(world.env.elapsed(), seconds(60));
    EXPECT_LE(world.env.elapsed(), seconds(65));
    ASSERT_EQ(world.events.pauses.size(), 1U);
    const Pause& pause = world.events.pauses[0];
    EXPECT_EQ(pause.cause, PauseCause::too_fast);
    EXPECT_EQ(pause.why.code, "RATELIMIT_EXCEEDED");
    ASSERT_TRUE(pause.until);
    EXPECT_LE(*pause.until, begin + 63);
    EXPECT_GE(*pause.until, begin + 60);
    ASSERT_EQ(world.events.resumptions.size(), 1U);
    EXPECT_GE(world.events.resumptions[0].lasted, seconds(59));
  }
}

TEST_F(LimitTest, AShortPauseIsNoEvent) {
  World world(fresh_path());
  world.populate(40, [](int) { return 1; });
  world.api.fault = [](std::size_t n, const SeenCall&) -> Instead {
    if (n != 5) return std::nullopt;
    return too_fast(2);
  };
  world.once(4);
  EXPECT_TRUE(world.events.pauses.empty());
  EXPECT_TRUE(world.events.resumptions.empty());
}

TEST_F(LimitTest, RetryAfterOfAServerErrorHoldsItsListingAloneAndNotForLong) {
  World world(fresh_path());
  world.populate(40, [](int) { return 1; });
  world.api.fault = [](std::size_t, const SeenCall& call) -> Instead {
    if (call.openid != "o3") return std::nullopt;
    HttpReply reply = FakeWechatPay::error_reply(503, "");
    reply.headers.push_back({"Retry-After", "3600"});
    return reply;
  };
  const OnceReport report = world.once(4);
  EXPECT_EQ(report.counters.listings_ok, 39);
  EXPECT_LE(world.env.elapsed(), seconds(70));
  for (const SeenCall& call : world.api.calls)
    if (call.openid != "o3") {
      EXPECT_LE(call.at - world.api.calls[0].at, seconds(65));
    }
}

class ServiceLimitTest : public SchedulerTest {};

TEST_F(ServiceLimitTest, ReloadsDoNotLengthenAPause) {
  world_->api.fault = [](std::size_t n, const SeenCall&) -> Instead {
    if (n != 1) return std::nullopt;
    return too_fast(3600);
  };
  start(20);
  for (int i = 0; i < 10; ++i) {
    run_for(seconds(5));
    scheduler_->reload(world_->plan());
  }
  run_for(seconds(20));
  EXPECT_EQ(mirrored_coupons(path_).size(), 20U);
  EXPECT_EQ(world_->events.pauses.size(), 1U) << "one pause whatever is reloaded";
  EXPECT_EQ(world_->events.resumptions.size(), 1U);
}

TEST_F(ServiceLimitTest, OfOneUserAloneIsTriedEverMoreSeldomAndTheOthersAreOnTime) {
  world_->interval = minutes(5);
  world_->api.fault = [](std::size_t, const SeenCall& call) -> Instead {
    if (call.openid != "o3") return std::nullopt;
    return too_fast();
  };
  start(20);
  run_for(minutes(60));
  for (int i = 0; i < 20; ++i)
    if (i != 3) {
      EXPECT_GE(std::ranges::count(world_->api.calls, "o" + std::to_string(i), &SeenCall::openid), 12) << i;
    }
  EXPECT_LE(std::ranges::count(world_->api.calls, "o3", &SeenCall::openid), 60);
  EXPECT_GE(std::ranges::max(world_->events.retry_delays), seconds(225));
}

}  // namespace
}  // namespace couponsync::test
