#include "sync/scheduler_fixture.h"

#include <SQLiteCpp/Database.h>

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

TEST_F(SchedulerTest, TheFirstCallThatHangsKeepsNobodyWaiting) {
  world_->interval = seconds(5);
  world_->populate(50, [](int) { return 1; });
  const auto hangs = [](const SeenCall& call) { return call.openid == "o0" || call.openid == "o1"; };
  world_->api.latency_of = [&](const SeenCall& call) {
    return std::chrono::milliseconds(hangs(call) ? 20'000 : 100);
  };
  world_->api.fault = [&](std::size_t, const SeenCall& call) -> Instead {
    if (!hangs(call)) return std::nullopt;
    return Failure{.kind = FailureKind::timed_out, .detail = "no reply"};
  };
  start();
  run_for(seconds(10));
  EXPECT_GE(world_->api.calls.size(), 50U);
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

/// One user is refused as too fast for ever, one hangs until the deadline, one has 2,000 pages.
TEST_F(SchedulerTest, OddOnesDelayNobodyAndTheirRowsSayWhatIsWrong) {
  world_->interval = seconds(5);
  world_->populate(53, [](int user) { return user == 52 ? 100'000 : 1; });
  world_->api.latency_of = [](const SeenCall& call) {
    return call.openid == "o51" ? std::chrono::milliseconds(20'000) : std::chrono::milliseconds(100);
  };
  world_->api.fault = [](std::size_t, const SeenCall& call) -> Instead {
    if (call.openid == "o50") return FakeWechatPay::error_reply(429, "RATELIMIT_EXCEEDED");
    if (call.openid != "o51") return std::nullopt;
    return Failure{.kind = FailureKind::timed_out, .detail = "no reply"};
  };
  start();
  run_for(minutes(1));
  std::map<std::string, SteadyTime> last;
  for (int i = 0; i < 120; ++i) {
    run_for(seconds(1));
    const SteadyTime now = world_->env.steady_now();
    for (; seen_ < world_->api.calls.size(); ++seen_) last[world_->api.calls[seen_].openid] = now;
    for (int user = 0; i > 10 && user < 50; ++user)
      ASSERT_LE(now - last["o" + std::to_string(user)], seconds(10)) << user << " after " << i << " s";
  }
  run_for(minutes(2));  // 2,000 pages at 100 ms
  EXPECT_EQ(query("SELECT group_concat(openid || ' ' || last_error_code, ', ') FROM"
                  " (SELECT * FROM listing WHERE failures > 0 ORDER BY openid)"),
            "o50 RATELIMIT_EXCEEDED, o51 TIMED_OUT");
  EXPECT_EQ(query("SELECT count(*) FROM coupon WHERE openid = 'o52'"), "100000");
}

TEST_F(SchedulerTest, ManyReloadsInARowLoseNothingAndTheLastOneCounts) {
  world_->rate = RateController({400, 400, 1.0}, world_->env.steady_now());
  start(2'000);
  run_for(seconds(1));
  const Plan first = world_->plan();
  world_->populate(2'001, [](int) { return 1; });
  const Plan last = world_->plan();
  for (int i = 0; i < 100; ++i) {
    scheduler_->reload(first);
    run_for(std::chrono::milliseconds(100));
  }
  scheduler_->reload(last);
  run_for(seconds(20));
  EXPECT_EQ(query("SELECT count(*) FROM listing WHERE watched = 1 AND last_completed_at IS NOT NULL"),
            "2001");
  stop();
  EXPECT_LE(std::stoi(query("SELECT count(*) FROM sync_run")), 12) << "of a hundred reloads";
  EXPECT_EQ(query("SELECT count(*) FROM sync_run WHERE finished_at IS NULL"), "0");
  EXPECT_EQ(query("SELECT sum(requests) FROM sync_run"), std::to_string(world_->api.calls.size()));
}

TEST_F(SchedulerTest, AReloadThatLowersTheConcurrencyLeavesNobodyTooManyAmongThoseWhoWait) {
  start(20);
  run_for(minutes(1));
  scheduler_->reload(world_->plan(1));
  world_->api.max_in_flight = 0;
  run_for(seconds(10));
  EXPECT_EQ(world_->api.max_in_flight, 1U);
  EXPECT_EQ(world_->api.calls.size(), 40U);
  scheduler_->reload(world_->plan(16));
  run_for(seconds(10));
  EXPECT_EQ(world_->api.max_in_flight, 16U);
}

TEST_F(SchedulerTest, RowsThatAnotherProgramDeletesEndNothing) {
  world_->populate(3, [](int user) { return user == 1 ? 500 : 1; });
  start();
  run_for(std::chrono::milliseconds(350));  // the first one is read, the second one is being read
  {
    SQLite::Database other(path_.string(), SQLite::OPEN_READWRITE, 5'000);
    other.exec("DELETE FROM sync_run; DELETE FROM listing WHERE openid = 'o1'");
  }
  run_for(minutes(20));
  EXPECT_FALSE(ended_);
  EXPECT_EQ(scheduler_->census().watched(), 2U);
  EXPECT_EQ(std::ranges::count(world_->events.completed, "o2"), 2);
  scheduler_->reload(world_->plan());
  run_for(minutes(1));
  EXPECT_EQ(scheduler_->census().watched(), 3U) << "the watchlist still names it";
  EXPECT_EQ(query("SELECT count(*) FROM coupon WHERE openid = 'o1'"), "500");
}

TEST_F(SchedulerTest, AServiceAtRestWritesNothing) {
  RateOptions options{400, 400, 1.0};
  options.learned = LearnedRate{50, 60, seconds(100)};
  world_->rate = RateController(options, world_->env.steady_now());
  start(3);
  run_for(minutes(3));
  const std::string before = query("SELECT observed_at FROM learned_quota");
  ASSERT_NE(before, "(no row)");
  run_for(minutes(3));
  EXPECT_EQ(query("SELECT observed_at FROM learned_quota"), before);
}

TEST_F(SchedulerTest, AReloadOfTheWatchlistAloneInterruptsNoCall) {
  start(20);
  run_for(std::chrono::milliseconds(150));
  const std::size_t in_flight = world_->api.in_flight;
  ASSERT_GT(in_flight, 1U);
  Plan next = world_->plan();
  scheduler_->reload(next);
  EXPECT_EQ(world_->api.in_flight, in_flight);
  run_for(seconds(5));
  EXPECT_TRUE(world_->events.failures.empty());
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
