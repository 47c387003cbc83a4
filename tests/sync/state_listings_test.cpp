#include "base/coupon_state.h"
#include "sync/reading_order.h"
#include "sync/sync_fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

namespace couponsync::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

ListingState listing_of(const std::string& openid, const std::string& state) {
  ListingState listing;
  listing.key = {"wxapp", Openid(openid), "", "", state};
  return listing;
}

std::vector<std::string> names(const std::vector<ListingState*>& listings) {
  std::vector<std::string> found;
  for (const ListingState* listing : listings)
    found.push_back(listing->key.openid.reveal() + "/" + listing->key.coupon_state);
  return found;
}

TEST(ReadingOrder, PutsAUsersStatesTogetherInTheOrderOfACouponsLife) {
  std::vector<ListingState> listings{listing_of("a", "USED"),       listing_of("b", ""),
                                     listing_of("c", "EFFECTIVE"),  listing_of("a", "PENDING"),
                                     listing_of("c", "CONFIRMING"), listing_of("a", "")};
  std::vector<ListingState*> all;
  for (ListingState& listing : listings) all.push_back(&listing);
  const std::vector<ListingState*> ordered = in_reading_order(all);
  EXPECT_THAT(names(ordered), ElementsAre("a/PENDING", "a/USED", "b/", "c/CONFIRMING", "c/EFFECTIVE", "a/"));
  EXPECT_THAT(first_group(ordered), SizeIs(2));
  EXPECT_THAT(first_group(std::span(ordered).subspan(2)), SizeIs(1));
  EXPECT_THAT(first_group(std::span(ordered).subspan(3)), SizeIs(2));
  EXPECT_THAT(first_group(std::span(ordered).subspan(6)), IsEmpty());
}

TEST(ReadingOrder, LeavesListingsOfAllStatesAsTheyAre) {
  std::vector<ListingState> listings{listing_of("b", ""), listing_of("a", ""), listing_of("b", "")};
  std::vector<ListingState*> all;
  for (ListingState& listing : listings) all.push_back(&listing);
  EXPECT_EQ(in_reading_order(all), all);
}

/// Users whose listings are narrowed by state, over lives of the process.
class StateListingsTest : public SyncTest {
 protected:
  /// A run over every user, with a listing for each of `states`.
  RunReport read(const std::vector<std::string>& states) {
    world.reset();  // one life ends before the next begins
    world = std::make_unique<World>(path_);
    world->api.coupons = coupons;
    world->api.state_of = [this](const std::string& code) { return this->states.at(code); };
    world->api.fault = [this](std::size_t n, const SeenCall& call) -> std::optional<Result<HttpReply>> {
      if (before_reply) before_reply(n, call);
      return instead ? instead(n) : std::nullopt;
    };
    const std::shared_ptr<Syncer> syncer = world->make_syncer();
    return world->driver.run(run_over(*syncer, states));
  }
  Task<RunReport> run_over(Syncer& syncer, std::vector<std::string> wanted) {
    std::vector<ListingKey> keys;
    for (const auto& [openid, codes] : coupons)
      for (const std::string& state : wanted) keys.push_back({"wxapp", Openid(openid), "", "", state});
    Result<std::vector<ListingState>> rows = co_await world->writer->set_watchlist(std::move(keys));
    world->listings = std::move(rows.value());
    std::vector<ListingState*> all;
    for (ListingState& listing : world->listings) all.push_back(&listing);
    co_return co_await syncer.run(RunTrigger::once, std::move(all));
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
  const RunReport report = read(all_states());
  EXPECT_EQ(report.counters.missing, 0);
  EXPECT_EQ(how("a"), "USED");
}

TEST_F(StateListingsTest, AUseThatIsReturnedBetweenTwoOfThemIsFoundByTheSecondReadingAtOnce) {
  states["a"] = "USED";
  read(all_states());
  before_reply = [this](std::size_t, const SeenCall& call) {
    if (call.coupon_state == "USED") states["a"] = "EFFECTIVE";
  };
  const RunReport report = read(all_states());
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
  const RunReport report = read(all_states());
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
  const RunReport report = read(all_states());
  EXPECT_EQ(report.counters.listings_ok, 6);
  EXPECT_EQ(report.counters.listings_failed, 1);
  EXPECT_EQ(how("a"), "EFFECTIVE");
}

}  // namespace
}  // namespace couponsync::test
