#include "sync/scheduler_fixture.h"

#include <gmock/gmock.h>

#include <map>

namespace couponsync::test {
namespace {

using Instead = std::optional<Result<HttpReply>>;
using std::chrono::minutes;
using std::chrono::seconds;

class RunRowsTest : public SchedulerTest {
 protected:
  int rows() const { return std::stoi(query("SELECT count(*) FROM sync_run")); }
  void fail_all_for_good() {
    world_->api.fault = [](std::size_t, const SeenCall&) -> Instead {
      return FakeWechatPay::error_reply(404, "NOT_FOUND");
    };
  }
};

TEST_F(RunRowsTest, OfManyListingsThatFailForGoodAreOneAMinuteAtMost) {
  world_->interval = minutes(1);
  world_->rate = RateController({2000, 2000, 1.0}, world_->env.steady_now());
  fail_all_for_good();
  start(3'000);
  run_for(minutes(2));
  const int before = rows();
  run_for(minutes(10));
  EXPECT_LE(rows() - before, 11);
  EXPECT_EQ(query("SELECT count(*) FROM listing WHERE failures >= 5"), "3000")
      << "each is tried an interval, and a minute at most, after it failed";
}

TEST_F(RunRowsTest, OfFailuresThatMayPassAreFewAsWell) {
  world_->interval = minutes(1);
  world_->rate = RateController({2000, 2000, 1.0}, world_->env.steady_now());
  // Half of the users fail so that each is due again at a time of its own.
  world_->api.fault = [](std::size_t, const SeenCall& call) -> Instead {
    if (call.openid.back() % 2 == 0) return std::nullopt;
    return FakeWechatPay::error_reply(500, "SYSTEM_ERROR");
  };
  start(200);
  run_for(minutes(2));
  const int before = rows();
  run_for(minutes(10));
  EXPECT_LE(rows() - before, 11);
}

TEST_F(RunRowsTest, OfAShortIntervalShareARowAMinute) {
  world_->interval = seconds(5);
  start(5);
  run_for(minutes(10));
  EXPECT_LE(rows(), 1 + 11);
  EXPECT_GE(rows(), 1 + 9);
  EXPECT_GE(world_->api.calls.size(), 5U * 115U) << "each listing is read every 5 s all the same";
  stop();
  EXPECT_EQ(query("SELECT sum(requests) FROM sync_run"), std::to_string(world_->api.calls.size()));
  EXPECT_EQ(query("SELECT sum(listings_ok) FROM sync_run"), std::to_string(world_->api.calls.size()));
}

TEST_F(RunRowsTest, OfALargeWatchlistAreOneAnInterval) {
  start(1'000);  // 15 slots of a minute each
  run_for(minutes(62));
  EXPECT_LE(rows(), 1 + 5);
  EXPECT_GE(world_->api.calls.size(), 4'000U);
}

TEST_F(RunRowsTest, OfARequestAreNeverShared) {
  world_->interval = seconds(5);
  start(5);
  run_for(seconds(12));
  scheduler_->sync_all();
  run_for(seconds(12));
  scheduler_->sync_all();
  run_for(seconds(12));
  EXPECT_EQ(query("SELECT count(*) FROM sync_run WHERE \"trigger\" = 'sighup'"), "2");
  EXPECT_EQ(query("SELECT count(*) FROM sync_run WHERE \"trigger\" = 'sighup' AND finished_at IS NULL"), "0");
}

/// A user's listings are put back together; one of them can leave, and come back, while the others are read.
TEST_F(RunRowsTest, CountNoListingTwiceThatLeftAndCameBackWhileItWasRead) {
  world_->populate(2, [](int) { return 1; });
  world_->api.latency_of = [](const SeenCall& call) {
    if (call.openid == "o1") return seconds(30);
    return call.coupon_state == "USED" ? seconds(10) : seconds(0);
  };
  const ListingKey passing{"wxapp", Openid("o0"), "", "", "PENDING"};
  const std::vector<ListingKey> others{{"wxapp", Openid("o0"), "", "", "USED"},
                                       {"wxapp", Openid("o1"), "", "", ""}};
  const std::vector<ListingKey> all{passing, others[0], others[1]};
  start(world_->plan_for(all));
  run_for(seconds(1));
  ASSERT_EQ(world_->api.in_flight, 2U);
  scheduler_->reload(world_->plan_for(others));
  run_for(seconds(1));
  scheduler_->reload(world_->plan_for(all));
  run_for(seconds(18));
  const auto row = [this](const char* trigger) {
    return query(std::string("SELECT group_concat(listings_total || ' ' || listings_ok || ' ' ||"
                             " listings_failed || iif(finished_at IS NULL, ' open', ' closed'), ', ')"
                             " FROM sync_run WHERE \"trigger\" = '") +
                 trigger + "'");
  };
  EXPECT_THAT(row("start"), testing::EndsWith("open")) << "o1 is being read";
  run_for(seconds(90));
  EXPECT_EQ(row("start"), "2 2 0 closed");
  EXPECT_EQ(row("sighup"), "3 3 0 closed");
}

TEST_F(RunRowsTest, AreThinnedToTheNewestTenThousand) {
  Mirror mirror = Mirror::open({folder_.path() / "thinned.db", Durability::normal});
  mirror.begin();
  for (int i = 0; i < 10'200; ++i) mirror.start_run(RunTrigger::interval, i);
  mirror.commit();
  const auto path = folder_.path() / "thinned.db";
  EXPECT_EQ(query_one(path, "SELECT count(*) FROM sync_run"), "10000");
  EXPECT_EQ(query_one(path, "SELECT max(started_at) FROM sync_run"), "10199");
}

}  // namespace
}  // namespace couponsync::test
