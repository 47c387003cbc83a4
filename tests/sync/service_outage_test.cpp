#include "sync/scheduler_fixture.h"

namespace couponsync::test {
namespace {

using Instead = std::optional<Result<HttpReply>>;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

/// The service with many listings, of which nothing is heard for a while.
class ServiceOutageTest : public SchedulerTest {
 protected:
  void fail_between(
      std::chrono::nanoseconds from, std::chrono::nanoseconds to,
      std::function<Instead()> failure = [] { return FakeWechatPay::error_reply(502, ""); }) {
    world_->api.fault = [this, from, to, failure](std::size_t, const SeenCall& call) -> Instead {
      const auto at = call.at - world_begin_;
      return at >= from && at < to ? failure() : std::nullopt;
    };
  }
};

TEST_F(ServiceOutageTest, Of130SecondsFailsNoneOf3000ListingsAndIsMadeUpForAtOnce) {
  fail_between(seconds(2), seconds(132));
  start(3'000);
  run_for(seconds(132));
  EXPECT_TRUE(world_->events.failures.empty());
  EXPECT_LE(calls_between(seconds(5), seconds(132)), 70U) << "single calls";
  run_for(seconds(5));
  EXPECT_GE(calls_between(seconds(136), seconds(137)), 150U) << "full speed: sixteen at once, 100 ms each";
  run_for(seconds(25));
  EXPECT_EQ(mirrored_coupons(path_).size(), 3'000U);
  EXPECT_EQ(query("SELECT count(*) FROM listing WHERE failures > 0 OR last_error IS NOT NULL"), "0");
  EXPECT_EQ(query("SELECT sum(listings_failed) FROM sync_run"), "0");
  EXPECT_EQ(query("SELECT count(*) FROM sync_run"), "1");

  const std::vector<Pause>& told = world_->events.pauses;
  ASSERT_EQ(told.size(), 3U) << "once when it begins and once a minute";
  EXPECT_LE(told[0].lasted, seconds(5));
  EXPECT_EQ(told[0].cause, PauseCause::no_domain_works);
  EXPECT_EQ(told[0].why.status, 502);
  ASSERT_EQ(world_->events.resumptions.size(), 1U) << "and once when it ends";
  EXPECT_GE(world_->events.resumptions[0].lasted, seconds(128));
  EXPECT_LE(world_->events.resumptions[0].lasted, seconds(133));
}

TEST_F(ServiceOutageTest, EndsWithNoMoreCallsThanThePaceAllows) {
  world_->rate = RateController({50, 50, 1.0}, world_->env.steady_now());
  fail_between(seconds(2), seconds(62));
  start(1'000);
  run_for(seconds(90));
  const std::vector<SeenCall>& calls = world_->api.calls;
  for (std::size_t i = 54; i < calls.size(); ++i)
    ASSERT_GE(calls[i].at - calls[i - 54].at, milliseconds(1'000)) << "call " << i;
}

TEST_F(ServiceOutageTest, OfTheOnlyDomainIsTheServicesPauseAsWell) {
  *world_->domains = DomainSelector(false);
  fail_between(seconds(2), seconds(132));
  start(500);
  run_for(seconds(145));
  EXPECT_EQ(mirrored_coupons(path_).size(), 500U);
  EXPECT_TRUE(world_->events.failures.empty());
}

TEST_F(ServiceOutageTest, ThatOnlyTheBackupEndsIsOverAllTheSame) {
  world_->api.fault = [this](std::size_t, const SeenCall& call) -> Instead {
    const auto at = call.at - world_begin_;
    if (at < seconds(2) || (at >= seconds(60) && call.domain == Domain::backup)) return std::nullopt;
    return FakeWechatPay::error_reply(502, "");
  };
  start(2'000);
  run_for(seconds(66));
  EXPECT_GE(calls_between(seconds(65), seconds(66)), 150U);
  run_for(seconds(20));
  EXPECT_EQ(mirrored_coupons(path_).size(), 2'000U);
  EXPECT_TRUE(world_->events.failures.empty());
}

TEST_F(ServiceOutageTest, BeforeTheFirstReplyEverIsOneToo) {
  fail_between(seconds(0), minutes(30));
  start(100);
  run_for(minutes(30) + seconds(10));
  EXPECT_EQ(mirrored_coupons(path_).size(), 100U);
  EXPECT_EQ(query("SELECT sum(failures) FROM listing"), "0");
}

TEST_F(ServiceOutageTest, OfAFewListingsThatAreDueIsNoFailureOfTheirs) {
  start(3);
  run_for(minutes(1));
  fail_between(minutes(14), minutes(20));
  run_for(minutes(25));
  EXPECT_TRUE(world_->events.failures.empty());
  EXPECT_EQ(std::ranges::count(world_->events.completed, "o1"), 2);
  EXPECT_EQ(query("SELECT sum(failures) FROM listing"), "0");
}

TEST_F(ServiceOutageTest, IsLeftForANewConfigurationWhoseDomainsMayWork) {
  fail_between(seconds(0), minutes(60));
  start(100);
  run_for(minutes(2));
  world_->api.fault = {};
  *world_->domains = DomainSelector(true);
  scheduler_->reload(world_->plan());
  run_for(seconds(3));
  EXPECT_EQ(mirrored_coupons(path_).size(), 100U);
}

TEST_F(ServiceOutageTest, ThatBeginsAfterAReloadWasAskedForIsLeftAsWell) {
  fail_between(milliseconds(150), minutes(60));
  start(100);
  run_for(milliseconds(120));
  scheduler_->reload(world_->plan());
  run_for(seconds(10));
  EXPECT_EQ(world_->events.runs.size(), 2U);
}

TEST_F(ServiceOutageTest, CanBeStopped) {
  fail_between(seconds(0), minutes(60));
  start(100);
  run_for(minutes(2));
  const auto before = world_->env.elapsed();
  stop();
  EXPECT_EQ(world_->env.elapsed(), before) << "at once";
}

TEST_F(ServiceOutageTest, OfOneUserForEverIsNone) {
  world_->interval = minutes(5);
  world_->api.fault = [](std::size_t, const SeenCall& call) -> Instead {
    if (call.openid != "o1") return std::nullopt;
    return FakeWechatPay::error_reply(502, "");
  };
  start(3);
  run_for(minutes(63));
  EXPECT_TRUE(world_->events.pauses.empty());
  EXPECT_TRUE(world_->events.avoided.empty()) << "no domain is to blame";
  EXPECT_GE(std::ranges::count(world_->events.completed, "o0"), 12);
  EXPECT_EQ(query("SELECT group_concat(openid) FROM listing WHERE failures > 0"), "o1");
}

TEST_F(ServiceOutageTest, OfOneUserWhoIsAloneDueIsNoneEither) {
  start(3);
  run_for(minutes(1));
  const auto ill = [](std::size_t, const SeenCall& call) -> Instead {
    if (call.openid != "o1") return std::nullopt;
    return FakeWechatPay::error_reply(502, "");
  };
  world_->api.fault = ill;
  run_for(minutes(15));
  restart();
  world_->api.fault = ill;
  run_for(minutes(20));
  EXPECT_TRUE(world_->events.pauses.empty());
  EXPECT_EQ(query("SELECT group_concat(openid) FROM listing WHERE failures > 0"), "o1");
}

}  // namespace
}  // namespace couponsync::test
