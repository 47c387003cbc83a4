#include "base/coupon_state.h"
#include "sync/scheduler_fixture.h"
#include "sync/sync_fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <string>

namespace couponsync::test {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

/// Users whose listings are narrowed by state, over lives of the process.
class StateListingsTest : public SyncTest {
 protected:
  /// A run over every user, with a listing for each of `states`.
  OnceReport read(const std::vector<std::string>& states) {
    world.reset();  // one life ends before the next begins
    world = std::make_unique<World>(path_);
    world->api.coupons = coupons;
    world->api.state_of = [this](const std::string& code) { return this->states.at(code); };
    world->api.fault = [this](std::size_t n, const SeenCall& call) -> std::optional<Result<HttpReply>> {
      if (before_reply) before_reply(n, call);
      return instead ? instead(n) : std::nullopt;
    };
    std::vector<ListingKey> keys;
    for (const auto& [openid, codes] : coupons)
      for (const std::string& state : states) keys.push_back({"wxapp", Openid(openid), "", "", state});
    return world->once_over(world->plan_for(keys));
  }
  std::vector<std::string> called() const {
    std::vector<std::string> found;
    for (const SeenCall& call : world->api.calls) found.push_back(call.coupon_state);
    return found;
  }
  std::string how(const std::string& code) const {
    return query_one(path_,
                     "SELECT coupon_state || iif(missing_since IS NULL, '', ' missing')"
                     " || iif(unlisted_since IS NULL, '', ' unlisted') FROM coupon WHERE coupon_code = '" +
                         code + "'");
  }
  static std::vector<std::string> all_states() { return {kCouponStates.rbegin(), kCouponStates.rend()}; }

  std::map<std::string, std::vector<std::string>> coupons{{"o0", {"a"}}};
  std::map<std::string, std::string> states{{"a", "EFFECTIVE"}};
  std::function<void(std::size_t n, const SeenCall& call)> before_reply;
  std::function<std::optional<Result<HttpReply>>(std::size_t n)> instead;
  std::unique_ptr<World> world;
};

TEST_F(StateListingsTest, AreReadOneAfterTheOtherHoweverManyCallsThereMayBe) {
  read({"USED", "EFFECTIVE", "PENDING"});
  EXPECT_THAT(called(), ElementsAre("PENDING", "EFFECTIVE", "USED"));
  EXPECT_EQ(world->api.max_in_flight, 1U);
}

TEST_F(StateListingsTest, ACouponThatMovesOnWhileTheyAreReadIsMetInItsNextState) {
  read(all_states());
  before_reply = [this](std::size_t, const SeenCall& call) {
    if (call.coupon_state == "EFFECTIVE") states["a"] = "USED";
  };
  const OnceReport report = read(all_states());
  EXPECT_EQ(report.counters.missing, 0);
  EXPECT_EQ(how("a"), "USED");
}

TEST_F(StateListingsTest, AUseThatIsReturnedBetweenTwoOfThemIsFoundByTheSecondReadingAtOnce) {
  states["a"] = "USED";
  read(all_states());
  before_reply = [this](std::size_t, const SeenCall& call) {
    if (call.coupon_state == "USED") states["a"] = "EFFECTIVE";
  };
  const OnceReport report = read(all_states());
  EXPECT_EQ(report.counters.missing, 0);
  EXPECT_EQ(how("a"), "EFFECTIVE");
  EXPECT_EQ(report.counters.listings_total, 7);
  EXPECT_EQ(report.counters.listings_ok, 7);
}

TEST_F(StateListingsTest, WhatIsGoneIsMissingAfterTwoPassesOfOneRun) {
  coupons["o1"] = {"b"};
  states["b"] = "EXPIRED";
  read(all_states());
  EXPECT_THAT(called(), SizeIs(14));
  coupons["o0"].clear();
  const OnceReport report = read(all_states());
  EXPECT_EQ(report.counters.missing, 1);
  EXPECT_EQ(how("a"), "EFFECTIVE missing");
  EXPECT_EQ(how("b"), "EXPIRED");
  EXPECT_THAT(called(), SizeIs(21)) << "only the user in question is read twice";
  read(all_states());
  EXPECT_THAT(called(), SizeIs(14));
}

TEST_F(StateListingsTest, WhatLeavesTheWatchedStatesIsUnlistedAndNeverMissing) {
  read({"EFFECTIVE", "USED"});
  states["a"] = "EXPIRED";
  read({"EFFECTIVE", "USED"});
  EXPECT_EQ(how("a"), "EFFECTIVE unlisted");
  read({"EFFECTIVE", "USED"});
  EXPECT_THAT(called(), SizeIs(2));
  states["a"] = "USED";
  read({"EFFECTIVE", "USED"});
  EXPECT_EQ(how("a"), "USED");
}

TEST_F(StateListingsTest, AListingThatFailsInTheSecondPassFailsTheRun) {
  read(all_states());
  coupons["o0"].clear();
  instead = [](std::size_t n) -> std::optional<Result<HttpReply>> {
    if (n < 9) return std::nullopt;
    return FakeWechatPay::error_reply(404, "NOT_FOUND");
  };
  const OnceReport report = read(all_states());
  EXPECT_EQ(report.counters.listings_ok, 6);
  EXPECT_EQ(report.counters.listings_failed, 1);
  EXPECT_EQ(how("a"), "EFFECTIVE");
}

/// The same in the service.
class StateListingsInTime : public SchedulerTest {
 protected:
  std::size_t calls_for(const std::string& state) const {
    return static_cast<std::size_t>(std::ranges::count(world_->api.calls, state, &SeenCall::coupon_state));
  }
};

// One that failed for a while is due at another time than the others of its user, which alone prove nothing.
TEST_F(StateListingsInTime, ThoseThatCameApartAreReadTogetherAgain) {
  std::vector<ListingKey> keys;
  for (const std::string_view state : kCouponStates)
    keys.push_back({"wxapp", Openid("o0"), "", "", std::string(state)});
  world_->api.coupons["o0"] = {"a", "b"};
  bool is_broken = true;
  world_->api.fault = [&](std::size_t, const SeenCall& call) -> std::optional<Result<HttpReply>> {
    if (!is_broken || call.coupon_state != "EXPIRED") return std::nullopt;
    return world_->api.signed_reply("{", world_->api.now());
  };
  start(world_->plan_for(keys));
  run_for(300s);
  is_broken = false;
  run_for(300s);
  ASSERT_EQ(query("SELECT count(*) FROM listing WHERE failures > 0"), "0");
  ASSERT_EQ(query("SELECT max(next_due_at) - min(next_due_at) > 900 / 4 FROM listing"), "1");
  world_->api.coupons["o0"] = {"b"};
  const std::size_t calls_before = calls_for("USED");
  run_for(1800s);
  EXPECT_EQ(query("SELECT coupon_code FROM coupon WHERE missing_since IS NOT NULL"), "a");
  EXPECT_EQ(query("SELECT max(next_due_at) - min(next_due_at) < 10 FROM listing"), "1");
  EXPECT_LE(calls_for("USED") - calls_before, 3U) << "two readings, and one more to make sure";
}

}  // namespace
}  // namespace couponsync::test
