#include "sync/freshness/campaigns.h"

#include <gtest/gtest.h>

namespace couponsync::test {
namespace {

constexpr Moment kNow = 1'750'000'000;
constexpr StockKey kStock = 7;
constexpr Campaigns::Ordinary kOrdinary{200 / kDaySeconds, 5'000};

TEST(SendCurve, IsStraightBetweenSightings) {
  SendCurve curve(kNow);
  curve.add(kNow + 600, 100);
  curve.add(kNow + 610, 100);
  curve.add(kNow + 1'210, 400);
  EXPECT_EQ(curve.at(kNow - 100), 0);
  EXPECT_NEAR(curve.at(kNow + 300), 50, 0.01);
  EXPECT_NEAR(curve.at(kNow + 910), 250, 3);
  EXPECT_NEAR(curve.at(kNow + 1'210), 400, 0.01);
}

TEST(SendCurve, GoesOnForFiveMinutesAtTheLastPace) {
  SendCurve curve(kNow);
  curve.add(kNow + 600, 60);
  EXPECT_NEAR(curve.pace(), 0.1, 1e-6);
  EXPECT_NEAR(curve.at(kNow + 700), 70, 1e-6);
  EXPECT_NEAR(curve.at(kNow + 5'000), 90, 1e-6);
  EXPECT_EQ(curve.pace_at(kNow + 5'000), 0);
}

TEST(SendCurve, TakesBackWhatItExpectedInVain) {
  SendCurve curve(kNow);
  curve.add(kNow + 600, 60);
  curve.add(kNow + 900, 60);
  EXPECT_NEAR(curve.at(kNow + 5'000), 60, 1e-6);
  EXPECT_EQ(curve.pace(), 0);
}

/// The counter goes up by so much a minute for so long.
bool watch(Campaigns& campaigns, double per_minute, double minutes, Moment first, Moment from = kNow,
           double sends = 0) {
  for (double minute = 0; minute < minutes; minute += 2) {
    const auto count = static_cast<std::uint64_t>(sends + per_minute * minute);
    if (campaigns.sight({kStock, count}, first, from + minute * 60, kOrdinary)) return true;
  }
  return false;
}

TEST(Campaigns, SeeACounterThatRuns) {
  Campaigns campaigns;
  EXPECT_TRUE(watch(campaigns, 5, 10, kNow));
  ASSERT_EQ(campaigns.active().size(), 1U);
  EXPECT_GT(campaigns.active()[0].share(0), 0);
}

TEST(Campaigns, SeeItInTheFirstSightingOfANewStock) {
  Campaigns campaigns;
  EXPECT_TRUE(campaigns.sight({kStock, 120}, kNow - 1'200, kNow, kOrdinary));
  EXPECT_NEAR(campaigns.active()[0].curve().at(kNow - 600), 60, 2);
}

TEST(Campaigns, DoNotTakeAnOldStocksCountForARise) {
  Campaigns campaigns;
  EXPECT_FALSE(campaigns.sight({kStock, 120'000}, kNow - 90 * kDaySeconds, kNow, kOrdinary));
  EXPECT_FALSE(campaigns.sight({kStock, 120'003}, kNow - 90 * kDaySeconds, kNow + 600, kOrdinary));
  EXPECT_TRUE(campaigns.sight({kStock, 120'100}, kNow - 90 * kDaySeconds, kNow + 1'800, kOrdinary));
}

TEST(Campaigns, LeaveAStockAloneThatAlwaysGoesFast) {
  Campaigns campaigns;
  // Everything this brand sends is of one stock, and most goes to users who are not watched.
  double sends = 0;
  for (double at = 0; at < 10 * kDaySeconds; at += 1'200) {
    sends += 10;
    const bool is_campaign = campaigns.sight({kStock, static_cast<std::uint64_t>(sends)},
                                             kNow - 90 * kDaySeconds, kNow + at, kOrdinary);
    ASSERT_FALSE(is_campaign && at > 3 * kDaySeconds) << at;
    campaigns.refresh(kNow + at);
  }
}

TEST(Campaigns, LearnWhomTheyReach) {
  Campaigns campaigns;
  ASSERT_TRUE(watch(campaigns, 20, 30, kNow));
  Campaign& campaign = campaigns.active()[0];
  for (int reading = 0; reading < 100; ++reading) {
    campaign.add_exposed(0, 100);
    campaign.add_exposed(3, 100);
    if (reading % 2 == 0) campaign.add_found(3);
  }
  campaign.refresh(kNow + 3'600);
  EXPECT_NEAR(campaign.share(3), 50.0 / 10'000, 1e-3);
  EXPECT_LT(campaign.share(0), campaign.share(3) / 100);
}

TEST(Campaigns, EndAndAreNotTakenForNewOnes) {
  Campaigns campaigns;
  ASSERT_TRUE(watch(campaigns, 20, 30, kNow));
  for (int receipt = 0; receipt < 300; ++receipt) campaigns.active()[0].add_found(1);
  for (double hour = 1; hour < 40; ++hour) {
    const Moment now = kNow + hour * kHourSeconds;
    EXPECT_FALSE(campaigns.sight({kStock, 600}, kNow, now, kOrdinary));
    campaigns.refresh(now);
  }
  EXPECT_TRUE(campaigns.active().empty());
  EXPECT_TRUE(watch(campaigns, 20, 30, kNow, kNow + 41 * kHourSeconds, 600)) << "but the next one is seen";
}

TEST(Campaigns, DoNotChaseWhatReachesNobodyWhoIsWatched) {
  Campaigns campaigns;
  ASSERT_TRUE(watch(campaigns, 20, 30, kNow)) << "nobody knows yet";
  campaigns.sight({kStock, 600}, kNow, kNow + kHourSeconds, kOrdinary);
  campaigns.refresh(kNow + kDaySeconds);
  ASSERT_TRUE(campaigns.active().empty());
  EXPECT_FALSE(
      campaigns.sight({kStock + 1, 120}, kNow + 25 * kHourSeconds, kNow + 25.5 * kHourSeconds, kOrdinary));
}

}  // namespace
}  // namespace couponsync::test
