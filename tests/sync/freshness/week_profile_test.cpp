#include "sync/freshness/week_profile.h"

#include <gtest/gtest.h>

namespace couponsync::test {
namespace {

constexpr double kWeek = 7 * kDaySeconds;
constexpr Moment kMidnight = 2'900 * kWeek;

/// Ten events each day at noon.
WeekProfile noons() {
  WeekProfile profile;
  for (int day = 0; day < 28; ++day) {
    for (int event = 0; event < 10; ++event)
      profile.add(kMidnight + day * kDaySeconds + 12 * kHourSeconds + event * 300);
  }
  profile.refresh();
  return profile;
}

TEST(WeekProfile, IsFlatUntilItHasSeenEnough) {
  WeekProfile profile;
  for (int event = 0; event < 20; ++event) profile.add(kMidnight);
  profile.refresh();
  EXPECT_DOUBLE_EQ(profile.level(kMidnight), 1);
  EXPECT_DOUBLE_EQ(profile.between(kMidnight, kMidnight + 12'345), 12'345);
}

TEST(WeekProfile, KnowsTheBusyHour) {
  const WeekProfile profile = noons();
  EXPECT_GT(profile.level(kMidnight + 12.5 * kHourSeconds), 10);
  EXPECT_LE(profile.level(kMidnight + 3 * kHourSeconds), 0.3);
  const Moment noon = kMidnight + 12 * kHourSeconds;
  EXPECT_NEAR(profile.between(noon, noon + 600), 600 * profile.level(noon), 1e-3);
}

TEST(WeekProfile, AddsUpToTheWeek) {
  const WeekProfile profile = noons();
  const double week = profile.between(kMidnight + 777, kMidnight + 777 + kWeek);
  EXPECT_NEAR(week, profile.between(kMidnight - 3 * kWeek, kMidnight - 2 * kWeek), 1);
  EXPECT_NEAR(week, kWeek, kWeek * 0.1) << "the least level of the quiet hours comes on top";
  double sum = 0;
  for (Moment at = kMidnight; at < kMidnight + kWeek; at += 1'000) sum += profile.between(at, at + 1'000);
  EXPECT_NEAR(sum, profile.between(kMidnight, kMidnight + 605'000), 1);
}

TEST(WeekProfile, ForgetsARhythmThatIsOver) {
  WeekProfile profile = noons();
  for (int day = 0; day < 200; ++day) profile.fade();
  for (int hour = 0; hour < 168; ++hour)
    for (int event = 0; event < 5; ++event) profile.add(kMidnight + hour * kHourSeconds + event);
  profile.refresh();
  EXPECT_NEAR(profile.level(kMidnight + 12.5 * kHourSeconds), 1, 0.2);
}

}  // namespace
}  // namespace couponsync::test
