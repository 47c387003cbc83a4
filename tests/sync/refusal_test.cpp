#include "sync/scheduler_fixture.h"

#include <gmock/gmock.h>

#include <random>
#include <set>

namespace couponsync::test {
namespace {

using Instead = std::optional<Result<HttpReply>>;
using std::chrono::minutes;
using std::chrono::seconds;

Instead refused(int status = 401) {
  return FakeWechatPay::error_reply(status, status == 401 ? "SIGN_ERROR" : "NO_AUTH");
}

/// 40 users with a coupon each.
class RefusalTest : public SyncTest {
 protected:
  static void populate(World& world, int users = 40) {
    world.populate(users, [](int) { return 1; });
  }
  std::filesystem::path fresh_path() const {
    static int number = 0;
    return folder_.path() / ("mirror-" + std::to_string(number++) + ".db");
  }
};

TEST_F(RefusalTest, OfTheBrandCostsAOnceThreeCallsWhateverItsConcurrency) {
  for (const int status : {401, 403}) {
    for (const int concurrency : {1, 2, 32}) {
      World world(fresh_path());
      populate(world);
      world.api.fault = [status](std::size_t, const SeenCall&) { return refused(status); };
      const OnceReport report = world.once(concurrency);
      EXPECT_EQ(world.api.calls.size(), 3U);
      ASSERT_TRUE(report.stopped_by);
      EXPECT_EQ(report.stopped_by->status, status);
      EXPECT_EQ(report.counters.listings_failed, 40);
      std::set<std::string> nonces;
      std::set<std::string> openids;
      for (const SeenCall& call : world.api.calls) {
        nonces.insert(call.nonce);
        openids.insert(call.openid);
      }
      EXPECT_EQ(nonces.size(), 3U) << "each is signed anew";
      EXPECT_EQ(openids.size(), 3U) << "it was not one user's alone";
      EXPECT_TRUE(std::ranges::any_of(world.api.calls, [](const SeenCall& call) {
        return call.domain == Domain::backup;
      })) << "nor one domain's";
    }
  }
}

TEST_F(RefusalTest, OfABrandWithOneListingCostsAOnceThreeCallsAsWell) {
  World world(fresh_path());
  populate(world, 1);
  world.api.fault = [](std::size_t, const SeenCall&) { return refused(); };
  EXPECT_TRUE(world.once().stopped_by);
  EXPECT_EQ(world.api.calls.size(), 3U);
}

TEST_F(RefusalTest, That401And403TakeTurnsForIsOneAllTheSame) {
  World world(fresh_path());
  populate(world);
  world.api.fault = [](std::size_t n, const SeenCall&) { return refused(n % 2 == 0 ? 401 : 403); };
  const OnceReport report = world.once(32);
  ASSERT_TRUE(report.stopped_by);
  EXPECT_EQ(report.stopped_by->rule().remedy, Remedy::stop_sending);
  EXPECT_EQ(world.api.calls.size(), 3U);
}

TEST_F(RefusalTest, FailsNoListingButTheOneThatMetIt) {
  const std::filesystem::path path = fresh_path();
  World world(path);
  populate(world);
  world.api.fault = [](std::size_t, const SeenCall&) { return refused(); };
  world.once(32);
  EXPECT_EQ(query_one(path, "SELECT group_concat(last_error_code) FROM listing WHERE failures > 0"),
            "SIGN_ERROR");
}

TEST_F(RefusalTest, InTheMiddleOfARunStopsAllSendingSoon) {
  for (const int concurrency : {1, 4, 32}) {
    const std::filesystem::path path = fresh_path();
    World world(path);
    populate(world, 100);
    world.api.fault = [](std::size_t n, const SeenCall&) -> Instead {
      if (n < 40) return std::nullopt;
      return refused(403);
    };
    const OnceReport report = world.once(concurrency);
    EXPECT_LE(world.api.calls.size(), 40U + static_cast<std::size_t>(concurrency) + 4U);
    ASSERT_TRUE(report.stopped_by);
    EXPECT_EQ(report.stopped_by->kind, FailureKind::permission_refused);
    EXPECT_EQ(report.counters.listings_ok, 40);
    EXPECT_EQ(mirrored_coupons(path).size(), 40U) << "what came is kept";
    EXPECT_EQ(query_one(path, "SELECT count(*) FROM listing WHERE failures > 0"), "1");
  }
}

TEST_F(RefusalTest, ThatIsAStrayStopsNothingAndFailsNothing) {
  for (const int status : {401, 403}) {
    for (const std::size_t stray : {0U, 1U, 7U, 39U}) {
      World world(fresh_path());
      populate(world);
      world.api.fault = [&](std::size_t n, const SeenCall&) -> Instead {
        if (n != stray) return std::nullopt;
        return refused(status);
      };
      const OnceReport report = world.once(8);
      EXPECT_EQ(report.counters.listings_ok, 40);
      EXPECT_FALSE(report.stopped_by);
      EXPECT_TRUE(world.events.failures.empty());
      EXPECT_EQ(world.api.calls.size(), 42U) << "a witness, and the same page once more";
      const SeenCall& first = world.api.calls[stray];
      EXPECT_EQ(std::ranges::count_if(world.api.calls,
                                      [&](const SeenCall& call) { return call.openid == first.openid; }),
                2)
          << stray;
    }
  }
}

TEST_F(RefusalTest, ThatIsAStrayNowAndThenStopsNothingAndFailsNothing) {
  for (const int one_in : {5, 10, 50}) {
    World world(fresh_path());
    populate(world, 300);
    std::mt19937 random(static_cast<unsigned>(one_in));
    world.api.fault = [&](std::size_t, const SeenCall&) -> Instead {
      if (random() % static_cast<unsigned>(one_in) != 0) return std::nullopt;
      return refused(random() % 2 == 0 ? 401 : 403);
    };
    const OnceReport report = world.once(32);
    EXPECT_FALSE(report.stopped_by) << one_in;
    EXPECT_GE(report.counters.listings_ok, one_in == 5 ? 297 : 300) << one_in;
  }
}

TEST_F(RefusalTest, OfOneUserAloneFailsThatUserAlone) {
  for (const int concurrency : {1, 2, 32}) {
    for (const char* openid : {"o0", "o17", "o39"}) {
      const std::filesystem::path path = fresh_path();
      World world(path);
      populate(world);
      world.api.fault = [openid](std::size_t, const SeenCall& call) -> Instead {
        if (call.openid != openid) return std::nullopt;
        return refused(403);
      };
      const OnceReport report = world.once(concurrency);
      EXPECT_FALSE(report.stopped_by);
      EXPECT_EQ(report.counters.listings_ok, 39);
      EXPECT_EQ(report.counters.listings_failed, 1);
      EXPECT_EQ(query_one(path, "SELECT openid || ' ' || last_error_code FROM listing WHERE failures > 0"),
                openid + std::string(" NO_AUTH"));
      EXPECT_LE(world.api.calls.size(), 44U);
    }
  }
}

TEST_F(RefusalTest, OfManyUsersFailsThoseAlone) {
  const std::filesystem::path path = fresh_path();
  World world(path);
  populate(world);
  world.api.fault = [](std::size_t, const SeenCall& call) -> Instead {
    if (call.openid.size() != 2) return std::nullopt;  // o0 to o9
    return refused(403);
  };
  const OnceReport report = world.once(16);
  EXPECT_FALSE(report.stopped_by);
  EXPECT_EQ(report.counters.listings_ok, 30);
  EXPECT_EQ(query_one(path, "SELECT count(*) FROM listing WHERE failures > 0"), "10");
}

/// Whatever single listings meet meanwhile, and whichever is first: the refusal is the reason.
TEST_F(RefusalTest, IsTheReasonThatIsSaidWhateverElseFailsMeanwhile) {
  for (const auto& [status, code] : {std::pair{400, "PARAM_ERROR"}, std::pair{404, "NOT_FOUND"},
                                     std::pair{500, "SYSTEM_ERROR"}, std::pair{302, ""}}) {
    for (const int latency : {1, 100, 250, 350, 1000}) {
      for (const int trigger : {0, 1}) {
        World world(fresh_path());
        populate(world);
        std::size_t sent = 0;
        world.api.latency_of = [&](const SeenCall&) {
          const std::size_t n = sent++;
          return std::chrono::milliseconds(n >= 12 && n < 20 ? latency : 100);
        };
        world.api.fault = [&, status = status, code = code](std::size_t n, const SeenCall&) -> Instead {
          if (n < 12) return std::nullopt;
          if (n < 20) return FakeWechatPay::error_reply(status, code);
          return refused();
        };
        const OnceReport report = trigger == 0 ? world.once(16) : world.first_pass(16);
        ASSERT_TRUE(report.stopped_by);
        EXPECT_EQ(report.stopped_by->kind, FailureKind::credentials_refused) << status << " " << latency;
      }
    }
  }
}

class ServiceRefusalTest : public SchedulerTest {};

TEST_F(ServiceRefusalTest, IsProbedSoonTwiceAndThenOnceAMinuteForAnotherListingEachTime) {
  world_->api.fault = [](std::size_t, const SeenCall&) { return refused(); };
  start(20);
  run_for(seconds(30));
  EXPECT_EQ(world_->api.calls.size(), 5U);
  for (int minute = 1; minute <= 10; ++minute) {
    run_for(minutes(1));
    EXPECT_EQ(world_->api.calls.size(), 5U + static_cast<std::size_t>(minute));
  }
  std::set<std::string> probed;
  for (std::size_t i = 3; i < world_->api.calls.size(); ++i) probed.insert(world_->api.calls[i].openid);
  EXPECT_GE(probed.size(), 4U);
  EXPECT_EQ(query("SELECT count(*) FROM listing WHERE failures > 0"), "1");
  EXPECT_THAT(world_->events.stop_reasons, testing::Each(testing::Field(&Failure::code, "SIGN_ERROR")));
}

TEST_F(ServiceRefusalTest, EndsWithTheFirstAcceptedProbe) {
  bool refusing = true;
  world_->api.fault = [&](std::size_t, const SeenCall&) -> Instead {
    if (refusing) return refused();
    return std::nullopt;
  };
  start(20);
  run_for(minutes(3) + seconds(30));
  refusing = false;
  run_for(minutes(1) + seconds(5));
  EXPECT_EQ(mirrored_coupons(path_).size(), 20U);
  EXPECT_EQ(query("SELECT count(*) FROM listing WHERE failures > 0"), "0");
}

TEST_F(ServiceRefusalTest, OfOneUserNeverStopsTheOthersAndIsTriedEverMoreSeldom) {
  world_->interval = minutes(10);
  world_->api.fault = [](std::size_t, const SeenCall& call) -> Instead {
    if (call.openid != "o3") return std::nullopt;
    return refused(403);
  };
  start(20);
  run_for(minutes(65));
  EXPECT_EQ(world_->events.sending_stops, 0);
  for (int i = 0; i < 20; ++i) {
    if (i == 3) continue;
    const std::string openid = "o" + std::to_string(i);
    EXPECT_GE(std::ranges::count(world_->api.calls, openid, &SeenCall::openid), 7) << openid;
  }
  const std::vector<seconds>& delays = world_->events.retry_delays;
  ASSERT_GE(delays.size(), 5U);
  EXPECT_LE(delays[0], seconds(30));
  EXPECT_GE(delays[4], seconds(300)) << "it grows up to the interval";
  EXPECT_LE(std::ranges::max(delays), seconds(600));
  EXPECT_LE(std::ranges::count(world_->api.calls, "o3", &SeenCall::openid), 16);
}

TEST_F(ServiceRefusalTest, OfOneUserThatIsAloneDueNeverStopsTheOthers) {
  start(5);
  run_for(minutes(1));
  world_->api.fault = [](std::size_t, const SeenCall& call) -> Instead {
    if (call.openid != "o3") return std::nullopt;
    return refused(401);
  };
  restart();
  world_->api.fault = [](std::size_t, const SeenCall& call) -> Instead {
    if (call.openid != "o3") return std::nullopt;
    return refused(401);
  };
  // Only this one is due, in a process that has not had a reply yet.
  run_for(minutes(16));
  EXPECT_EQ(world_->events.sending_stops, 0);
  EXPECT_EQ(query("SELECT openid || last_error_code FROM listing WHERE failures > 0"), "o3SIGN_ERROR");
}

TEST_F(ServiceRefusalTest, IsNotWaitedOutWhenANewConfigurationComes) {
  bool refusing = true;
  world_->api.fault = [&](std::size_t, const SeenCall&) -> Instead {
    if (refusing) return refused();
    return std::nullopt;
  };
  start(20);
  run_for(seconds(10));
  refusing = false;
  scheduler_->reload(world_->plan());
  run_for(seconds(5));
  EXPECT_EQ(mirrored_coupons(path_).size(), 20U);
}

}  // namespace
}  // namespace couponsync::test
