#include "sync/scheduler_fixture.h"

#include <algorithm>
#include <map>

namespace couponsync::test {
namespace {

using Instead = std::optional<Result<HttpReply>>;
using std::chrono::minutes;
using std::chrono::seconds;

TEST_F(SchedulerTest, SyncsEverythingAtTheFirstStartAndThenOnceAnInterval) {
  start(5);
  run_for(minutes(46));
  EXPECT_EQ(world_->events.runs, std::vector{RunTrigger::start});
  EXPECT_EQ(world_->api.calls.size(), 20U);
}

TEST_F(SchedulerTest, AWokenSchedulerSyncsEverythingNow) {
  start(5);
  run_for(minutes(1));
  scheduler_->sync_all();
  run_for(minutes(1));
  EXPECT_EQ(world_->events.runs, (std::vector{RunTrigger::start, RunTrigger::sighup}));
  EXPECT_EQ(world_->api.calls.size(), 10U);
}

TEST_F(SchedulerTest, RequestsDuringARunBecomeOneMoreRun) {
  start(5);
  run_for(std::chrono::milliseconds(50));
  ASSERT_EQ(world_->api.calls.size(), 1U);
  scheduler_->sync_all();
  scheduler_->sync_all();
  scheduler_->sync_all();
  run_for(minutes(1));
  EXPECT_EQ(world_->events.runs, (std::vector{RunTrigger::start, RunTrigger::sighup}));
}

TEST_F(SchedulerTest, AReloadDuringARunPicksUpNewListingsAndSyncsEverythingOnceMore) {
  start(2);
  run_for(std::chrono::milliseconds(50));
  world_->populate(4, [](int) { return 1; });
  std::vector<ListingKey> watchlist = world_->watchlist();
  watchlist.erase(watchlist.begin());  // o0 is no longer watched
  scheduler_->reload(world_->plan_for(watchlist));
  run_for(minutes(1));
  EXPECT_EQ(world_->events.runs, (std::vector{RunTrigger::start, RunTrigger::sighup}));
  EXPECT_EQ(world_->api.calls.size(), 5U);
  EXPECT_EQ(query_one(path_, "SELECT watched FROM listing WHERE openid = 'o0'"), "0");
  EXPECT_EQ(
      query_one(path_, "SELECT count(*) FROM listing WHERE watched = 1 AND last_completed_at IS NOT NULL"),
      "3");
}

TEST_F(SchedulerTest, ProbesRefusedCredentialsOnceAMinute) {
  bool refused = true;
  world_->api.fault = [&](std::size_t, const SeenCall&) -> Instead {
    if (refused) return FakeWechatPay::error_reply(401, "SIGN_ERROR");
    return std::nullopt;
  };
  start(20);
  run_for(minutes(10) + seconds(1));
  EXPECT_GE(world_->api.calls.size(), 3U + 9U) << "two that make sure of the first, and the probes";
  EXPECT_LE(world_->api.calls.size(), 5U + 10U);
  EXPECT_GE(world_->events.sending_stops, 9);
  refused = false;
  run_for(minutes(2));
  EXPECT_EQ(mirrored_coupons(path_).size(), 20U);
}

TEST_F(SchedulerTest, AFailedListingIsDueSoonerThanUsualAndLessAndLessOften) {
  world_->api.fault = [](std::size_t, const SeenCall& call) -> Instead {
    if (call.openid == "o1") return FakeWechatPay::error_reply(500, "SYSTEM_ERROR");
    return std::nullopt;
  };
  start(3);
  run_for(minutes(14));
  const std::vector<seconds>& delays = world_->events.retry_delays;
  ASSERT_GE(delays.size(), 4U);
  EXPECT_GE(delays[0], seconds(22));
  EXPECT_LE(delays[0], seconds(30));
  EXPECT_GE(delays[3], seconds(180));
  EXPECT_LE(std::ranges::max(delays), seconds(900));
  EXPECT_EQ(std::ranges::count(world_->api.calls, "o0", &SeenCall::openid), 1);
}

TEST_F(SchedulerTest, StarvesNoListingWhenThereIsMoreToDoThanTheRateAllows) {
  world_->rate = RateController({.max_requests_per_second = 0.2, .start_requests_per_second = 0.2},
                                world_->env.steady_now());
  start(300);  // 25 min for all of them, due every 15
  run_for(minutes(130));
  std::map<std::string, int> readings;
  for (const SeenCall& call : world_->api.calls) ++readings[call.openid];
  EXPECT_EQ(readings.size(), 300U);
  for (const auto& [openid, count] : readings) {
    EXPECT_GE(count, 5) << openid;
    EXPECT_LE(count, 6) << openid;
  }
}

TEST_F(SchedulerTest, ARestartReadsNothingThatIsStillFresh) {
  start(3);
  run_for(minutes(1));
  restart();
  run_for(minutes(1));
  EXPECT_TRUE(world_->api.calls.empty());
}

}  // namespace
}  // namespace couponsync::test
