#include "sync/freshness/stock_bursts.h"

#include <gtest/gtest.h>

namespace couponsync::test {
namespace {

constexpr Moment kNow = 1'750'000'000;
constexpr StockKey kStock = 7;

TEST(StockBursts, SeeAStockThatWentOutWithinHours) {
  StockBursts bursts;
  for (int receipt = 0; receipt < 19; ++receipt) bursts.add(kStock, kNow + receipt * 60);
  EXPECT_FALSE(bursts.is_burst(kStock)) << "too few to say";
  bursts.add(kStock, kNow + 20 * 60);
  EXPECT_TRUE(bursts.is_burst(kStock));
}

TEST(StockBursts, SeeItOnBothSidesOfAnyBorder) {
  for (int shift = 0; shift < 12; ++shift) {
    StockBursts bursts;
    for (int receipt = 0; receipt < 40; ++receipt)
      bursts.add(kStock, kNow + shift * 1'800 + receipt * 6 * kHourSeconds / 40);
    EXPECT_TRUE(bursts.is_burst(kStock)) << shift;
  }
}

TEST(StockBursts, LeaveAStockAloneThatGoesOutAllTheTime) {
  StockBursts bursts;
  for (int day = 0; day < 100; ++day) {
    for (int receipt = 0; receipt < 30; ++receipt)
      bursts.add(kStock, kNow + day * kDaySeconds + receipt * kHourSeconds / 2);
    ASSERT_EQ(bursts.is_burst(kStock), day == 0 && bursts.is_burst(kStock)) << day;
  }
  EXPECT_FALSE(bursts.is_burst(kStock));
}

TEST(StockBursts, SeeTheBurstAmongOtherReceipts) {
  StockBursts bursts;
  for (int receipt = 0; receipt < 45; ++receipt) {
    bursts.add(kStock, kNow - receipt * 2 * kDaySeconds);
    bursts.add(kStock, kNow + receipt * 60);
    bursts.add(kStock, kNow + receipt * 61);
  }
  EXPECT_TRUE(bursts.is_burst(kStock));
}

TEST(StockBursts, KnowTheFirstReceiptAndWhatIsMarked) {
  StockBursts bursts;
  EXPECT_GT(bursts.first_received(kStock), kNow);
  bursts.add(kStock, kNow);
  bursts.add(kStock, kNow - 5);
  EXPECT_EQ(bursts.first_received(kStock), kNow - 5);
  bursts.mark(kStock);
  bursts.add(kStock, kNow + 100 * kDaySeconds);
  EXPECT_TRUE(bursts.is_burst(kStock));
  EXPECT_FALSE(bursts.is_burst(kStock + 1));
}

}  // namespace
}  // namespace couponsync::test
