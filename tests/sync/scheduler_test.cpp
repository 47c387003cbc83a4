#include "sync/sync_fixture.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <map>

namespace couponsync::test {
namespace {

using Instead = std::optional<Result<HttpReply>>;
using std::chrono::minutes;
using std::chrono::seconds;

class SchedulerTest : public SyncTest {
 protected:
  /// Starts the scheduler over the API's users, as the service does.
  void start(int users) {
    world_.populate(users, [](int) { return 1; });
    scheduler_ = std::make_unique<Scheduler>(world_.env, *world_.writer, world_.events,
                                             Plan{world_.make_syncer(), world_.watchlist()},
                                             world_.env.context().get_executor());
    boost::asio::co_spawn(
        world_.env.context(), scheduler_->run(),
        boost::asio::bind_cancellation_slot(
            cancel_.slot(), [this](const std::exception_ptr& thrown, const Failure&) { note_end(thrown); }));
  }

  void note_end(const std::exception_ptr& thrown) {
    ended_ = true;
    try {
      if (thrown) std::rethrow_exception(thrown);
    } catch (const boost::system::system_error& error) {
      end_ = error.code();
    }
  }

  void run_for(std::chrono::nanoseconds time) {
    const auto until = world_.env.elapsed() + time;
    bool reached = false;
    boost::asio::co_spawn(world_.env.context(), sleep_then_set(world_.env.steady_now() + time, reached),
                          boost::asio::detached);
    world_.driver.run_until([&] { return reached; });
    EXPECT_GE(world_.env.elapsed(), until);
  }

  Task<> sleep_then_set(SteadyTime when, bool& reached) {
    co_await world_.env.sleep_until(when);
    reached = true;
  }

  void TearDown() override {
    if (!scheduler_) return;
    cancel_.emit(boost::asio::cancellation_type::terminal);
    world_.driver.run_until([this] { return ended_; });
    EXPECT_EQ(end_, boost::asio::error::operation_aborted);
  }

  World world_{path_};
  std::unique_ptr<Scheduler> scheduler_;
  boost::asio::cancellation_signal cancel_;
  bool ended_ = false;
  boost::system::error_code end_;
};

TEST_F(SchedulerTest, SyncsEverythingAtTheFirstStartAndThenOnceAnInterval) {
  start(5);
  run_for(minutes(46));
  EXPECT_EQ(world_.events.runs, (std::vector{RunTrigger::start, RunTrigger::interval, RunTrigger::interval,
                                             RunTrigger::interval}));
  EXPECT_EQ(world_.api.calls.size(), 20U);
}

TEST_F(SchedulerTest, AWokenSchedulerSyncsEverythingNow) {
  start(5);
  run_for(minutes(1));
  scheduler_->sync_all();
  run_for(minutes(1));
  EXPECT_EQ(world_.events.runs, (std::vector{RunTrigger::start, RunTrigger::sighup}));
  EXPECT_EQ(world_.api.calls.size(), 10U);
}

TEST_F(SchedulerTest, RequestsDuringARunBecomeOneMoreRun) {
  start(5);
  run_for(std::chrono::milliseconds(50));
  ASSERT_EQ(world_.api.calls.size(), 1U);
  scheduler_->sync_all();
  scheduler_->sync_all();
  scheduler_->sync_all();
  run_for(minutes(1));
  EXPECT_EQ(world_.events.runs, (std::vector{RunTrigger::start, RunTrigger::sighup}));
}

TEST_F(SchedulerTest, AReloadDuringARunPicksUpNewListingsAndSyncsEverythingOnceMore) {
  start(2);
  run_for(std::chrono::milliseconds(50));
  world_.populate(4, [](int) { return 1; });
  std::vector<ListingKey> watchlist = world_.watchlist();
  watchlist.erase(watchlist.begin());  // o0 is no longer watched
  scheduler_->reload({world_.make_syncer(), watchlist});
  run_for(minutes(1));
  EXPECT_EQ(world_.events.runs, (std::vector{RunTrigger::start, RunTrigger::sighup}));
  EXPECT_EQ(world_.api.calls.size(), 5U);
  EXPECT_EQ(query_one(path_, "SELECT watched FROM listing WHERE openid = 'o0'"), "0");
  EXPECT_EQ(
      query_one(path_, "SELECT count(*) FROM listing WHERE watched = 1 AND last_completed_at IS NOT NULL"),
      "3");
}

TEST_F(SchedulerTest, ProbesRefusedCredentialsOnceAMinute) {
  bool refused = true;
  world_.api.fault = [&](std::size_t, const SeenCall&) -> Instead {
    if (refused) return FakeWechatPay::error_reply(401, "SIGN_ERROR");
    return std::nullopt;
  };
  start(20);
  run_for(minutes(10) + seconds(1));
  EXPECT_GE(world_.api.calls.size(), 9U);
  EXPECT_LE(world_.api.calls.size(), 11U);
  EXPECT_GE(world_.events.sending_stops, 9);
  refused = false;
  run_for(minutes(2));
  EXPECT_EQ(mirrored_coupons(path_).size(), 20U);
}

TEST_F(SchedulerTest, AFailedListingIsDueSoonerThanUsualAndLessAndLessOften) {
  world_.api.fault = [](std::size_t, const SeenCall& call) -> Instead {
    if (call.openid == "o1") return FakeWechatPay::error_reply(500, "SYSTEM_ERROR");
    return std::nullopt;
  };
  start(3);
  run_for(minutes(14));
  const std::vector<seconds>& delays = world_.events.retry_delays;
  ASSERT_GE(delays.size(), 4U);
  EXPECT_GE(delays[0], seconds(22));
  EXPECT_LE(delays[0], seconds(30));
  EXPECT_GE(delays[3], seconds(180));
  EXPECT_LE(std::ranges::max(delays), seconds(900));
  EXPECT_EQ(std::ranges::count(world_.api.calls, "o0", &SeenCall::openid), 1);
}

TEST_F(SchedulerTest, StarvesNoListingWhenThereIsMoreToDoThanTheRateAllows) {
  world_.rate = RateController({.max_requests_per_second = 0.2, .start_requests_per_second = 0.2},
                               world_.env.steady_now());
  start(300);  // 25 min for all of them, due every 15
  run_for(minutes(130));
  std::map<std::string, int> readings;
  for (const SeenCall& call : world_.api.calls) ++readings[call.openid];
  EXPECT_EQ(readings.size(), 300U);
  for (const auto& [openid, count] : readings) {
    EXPECT_GE(count, 5) << openid;
    EXPECT_LE(count, 6) << openid;
  }
}

TEST_F(SyncTest, ARestartReadsNothingThatIsStillFresh) {
  {
    World before(path_);
    before.populate(3, [](int) { return 1; });
    before.once();
  }
  World world(path_);
  world.populate(3, [](int) { return 1; });
  Scheduler scheduler(world.env, *world.writer, world.events, Plan{world.make_syncer(), world.watchlist()},
                      world.env.context().get_executor());
  boost::asio::cancellation_signal cancel;
  bool ended = false;
  boost::asio::co_spawn(
      world.env.context(), scheduler.run(),
      boost::asio::bind_cancellation_slot(cancel.slot(), [&](std::exception_ptr, Failure) { ended = true; }));
  world.driver.run_until([&] { return world.env.elapsed() >= minutes(1); });
  EXPECT_TRUE(world.api.calls.empty());
  cancel.emit(boost::asio::cancellation_type::terminal);
  world.driver.run_until([&] { return ended; });
}

}  // namespace
}  // namespace couponsync::test
