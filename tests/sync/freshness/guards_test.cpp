#include "sync/freshness/guards.h"

#include <gtest/gtest.h>

namespace couponsync::test {
namespace {

TEST(ProbeGuard, TrustsAProbeThatMissesLittle) {
  ProbeGuard guard;
  for (int change = 0; change < 10'000; ++change) {
    if (change % 100 == 0) {
      guard.add_missed();
    } else {
      guard.add_shown();
    }
  }
  EXPECT_TRUE(guard.is_trusted());
}

TEST(ProbeGuard, DropsAProbeThatBeginsToMiss) {
  ProbeGuard guard;
  for (int change = 0; change < 10'000; ++change) guard.add_shown();
  for (int change = 0; change < 30; ++change) guard.add_missed();
  EXPECT_FALSE(guard.is_trusted());
  for (int change = 0; change < 10'000; ++change) guard.add_shown();
  EXPECT_FALSE(guard.is_trusted()) << "once dropped, it shows nothing any more";
}

TEST(ProbeGuard, DoesNotJudgeByAFew) {
  ProbeGuard guard;
  for (int change = 0; change < 150; ++change) guard.add_missed();
  EXPECT_TRUE(guard.is_trusted());
}

void forecast(ForecastGuard& guard, double expected, double found, int from_day, int days) {
  for (int hour = from_day * 24; hour < (from_day + days) * 24; ++hour)
    guard.add(expected, found, 1'750'000'000 + hour * kHourSeconds);
}

TEST(ForecastGuard, TrustsWhatIsRoughlyRight) {
  ForecastGuard guard;
  forecast(guard, 10, 5, 0, 20);
  EXPECT_TRUE(guard.is_trusted());
}

TEST(ForecastGuard, DoubtsWhatIsFarOffForDays) {
  ForecastGuard guard;
  forecast(guard, 10, 10, 0, 5);
  forecast(guard, 10, 50, 5, 1);
  EXPECT_TRUE(guard.is_trusted()) << "one odd day";
  forecast(guard, 10, 50, 6, 4);
  EXPECT_FALSE(guard.is_trusted());
  forecast(guard, 10, 10, 10, 5);
  EXPECT_TRUE(guard.is_trusted()) << "it was learned by now";
}

TEST(ForecastGuard, LeavesTheFewToChance) {
  ForecastGuard guard;
  forecast(guard, 0.1, 0.5, 0, 10);
  EXPECT_TRUE(guard.is_trusted());
}

}  // namespace
}  // namespace couponsync::test
