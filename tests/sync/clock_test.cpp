#include "sync/scheduler_fixture.h"

#include <cstdlib>
#include <limits>
#include <map>
#include <string>
#include <utility>

namespace couponsync::test {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

class ClockTest : public SchedulerTest {
 protected:
  /// How long each listing was not read, at the most, since `from` after the world began.
  std::chrono::nanoseconds longest_gap(std::chrono::nanoseconds from) const {
    std::map<std::string, SteadyTime> last;
    std::chrono::nanoseconds longest{0};
    const SteadyTime begin = world_begin_ + from;
    for (const auto& [openid, codes] : world_->api.coupons) last[openid] = begin;
    for (const SeenCall& call : world_->api.calls) {
      if (call.at < begin) continue;
      longest = std::max<std::chrono::nanoseconds>(longest, call.at - last[call.openid]);
      last[call.openid] = call.at;
    }
    for (const auto& [openid, at] : last)
      longest = std::max<std::chrono::nanoseconds>(longest, world_->env.steady_now() - at);
    return longest;
  }
};

class ClockStep : public ClockTest, public testing::WithParamInterface<int> {};

TEST_P(ClockStep, BetweenTwoRunsOfTheServiceDelaysNoReading) {
  start(20);
  run_for(minutes(20));
  restart(minutes(GetParam()));
  run_for(minutes(40));
  EXPECT_LE(longest_gap(seconds(0)), minutes(19) + seconds(30));
}

TEST_P(ClockStep, WhileTheServiceRunsDelaysNoReading) {
  start(20);
  run_for(minutes(20));
  world_->env.set_wall_clock(minutes(GetParam()));
  const auto then = world_->env.elapsed();
  run_for(minutes(60));
  EXPECT_LE(longest_gap(then), minutes(20));
}

TEST_P(ClockStep, AndBackAgainDelaysNoReadingEither) {
  start(20);
  run_for(minutes(20));
  world_->env.set_wall_clock(minutes(GetParam()));
  run_for(minutes(20));
  world_->env.set_wall_clock(-minutes(GetParam()));
  const auto then = world_->env.elapsed();
  run_for(minutes(60));
  EXPECT_LE(longest_gap(then), minutes(20));
}

TEST_P(ClockStep, DelaysNoListingThatFails) {
  world_->api.fault = [](std::size_t, const SeenCall& call) -> std::optional<Result<HttpReply>> {
    if (call.openid != "o1") return std::nullopt;
    return FakeWechatPay::error_reply(404, "NOT_FOUND");
  };
  start(5);
  run_for(minutes(20));
  world_->env.set_wall_clock(minutes(GetParam()));
  const auto then = world_->env.elapsed();
  run_for(minutes(60));
  EXPECT_LE(longest_gap(then), minutes(20));
}

TEST_P(ClockStep, IsNoReasonToReadAllTheTime) {
  start(20);
  run_for(minutes(20));
  world_->env.set_wall_clock(minutes(GetParam()));
  const std::size_t before = world_->api.calls.size();
  run_for(minutes(60));
  EXPECT_LE(world_->api.calls.size() - before, 20U * 5U) << "four intervals, and once at once";
}

INSTANTIATE_TEST_SUITE_P(OfMinutes, ClockStep,
                         testing::Values(-10 * 1440, -480, -60, -5, 5, 60, 480, 10 * 1440),
                         [](const auto& info) {
                           return (info.param < 0 ? "back_" : "on_") + std::to_string(std::abs(info.param));
                         });

TEST_F(ClockTest, ThatWasEightHoursAheadWhenItAllWasReadIsNotBelieved) {
  world_->env.set_wall_clock(hours(8));
  start(20);
  run_for(minutes(5));
  EXPECT_EQ(world_->api.calls.size(), 20U);
  restart(-hours(8));
  run_for(minutes(2));
  EXPECT_EQ(world_->api.calls.size(), 20U) << "due now, whatever the rows say";
  EXPECT_EQ(query("SELECT count(*) FROM listing WHERE next_due_at > " +
                  std::to_string(to_unix_seconds(world_->env.wall_now()) + 1'130)),
            "0");
}

TEST_F(ClockTest, ThatIsSetWhileTheServiceRunsChangesNothingOfWhatItKnows) {
  start(20);
  run_for(minutes(1));
  for (const auto by : {hours(8), hours(-16)}) {
    world_->env.set_wall_clock(by);
    EXPECT_EQ(scheduler_->fresh(minutes(45)), 20U);
    EXPECT_GT(scheduler_->next_due_in(), minutes(13));
  }
  run_for(minutes(2));
  EXPECT_EQ(world_->api.calls.size(), 20U);
}

TEST_F(ClockTest, ThatWasAheadBeforeARestartLeavesNothingFresh) {
  world_->env.set_wall_clock(hours(8));
  start(20);
  run_for(minutes(1));
  world_->api.latency = hours(1);
  restart(-hours(8));
  world_->api.latency = hours(1);
  run_for(seconds(1));
  EXPECT_EQ(scheduler_->census().watched(), 20U);
  EXPECT_EQ(scheduler_->fresh(minutes(45)), 0U) << "nobody knows how old they are";
}

/// The interval before and after a restart.
class LoweredInterval : public ClockTest, public testing::WithParamInterface<std::pair<int, int>> {};

TEST_P(LoweredInterval, HoldsForDueTimesThatWereStoredBefore) {
  world_->interval = seconds(GetParam().first);
  start(20);
  run_for(seconds(30));
  world_->interval = seconds(GetParam().second);
  restart();
  run_for(seconds(3));
  EXPECT_EQ(world_->api.calls.size(), 20U) << "due at once";
}

INSTANTIATE_TEST_SUITE_P(Seconds, LoweredInterval,
                         testing::Values(std::pair{86'400, 5}, std::pair{86'400, 900}, std::pair{900, 5},
                                         std::pair{120, 5}),
                         [](const auto& info) {
                           return std::to_string(info.param.first) + "_to_" +
                                  std::to_string(info.param.second);
                         });

TEST_F(ClockTest, AStoredDueTimeOfALargeWatchlistIsBelievedUpToItsSlot) {
  start(1'000);
  run_for(minutes(1));
  restart();
  run_for(minutes(3));
  EXPECT_EQ(world_->api.calls.size(), 0U);
  run_for(minutes(14) + seconds(40));
  EXPECT_EQ(world_->api.calls.size(), 1'000U) << "each in its slot, none twice";
}

TEST(DueTimes, ExplainsWhatTheyCanHaveMade) {
  constexpr UnixSeconds kNow = 1'750'000'123;
  const DueTimes slotted(minutes(15), 9'000);
  const DueTimes single(seconds(5), 9'000);
  for (ListingId id = 1; id < 100; ++id) {
    EXPECT_TRUE(slotted.explain(slotted.next(id, kNow), kNow));
    EXPECT_TRUE(single.explain(single.next(id, kNow), kNow));
  }
  EXPECT_FALSE(slotted.explain(kNow + 1'131, kNow));
  EXPECT_FALSE(single.explain(kNow + 11, kNow));
  EXPECT_FALSE(slotted.explain(std::numeric_limits<UnixSeconds>::max(), kNow));
  EXPECT_TRUE(slotted.explain(0, kNow)) << "past";
}

}  // namespace
}  // namespace couponsync::test
