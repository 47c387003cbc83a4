#include "sync/freshness/coupon_hazard.h"

#include <gtest/gtest.h>

namespace couponsync::test {
namespace {

constexpr Moment kBegin = 1'750'000'000;

LiveCoupon coupon_valid(double days) { return {kBegin, kBegin, kBegin + days * kDaySeconds, false}; }

/// 200 coupons for ten days: three of four are used on their first morning.
CouponHazard learned() {
  CouponHazard hazard;
  for (int number = 0; number < 200; ++number) {
    const LiveCoupon coupon = coupon_valid(10);
    const bool is_used = number % 4 != 0;
    const int hours = is_used ? 6 : 240;
    for (int hour = 0; hour < hours; ++hour)
      hazard.add_watched(coupon, kBegin + hour * kHourSeconds, kBegin + (hour + 1) * kHourSeconds);
    if (is_used) hazard.add_use({kBegin + 6 * kHourSeconds, coupon.begins, coupon.ends, false, false, false});
  }
  hazard.refresh();
  return hazard;
}

TEST(CouponHazard, IsHighAtTheAgeAtWhichCouponsAreUsed) {
  const CouponHazard hazard = learned();
  const LiveCoupon coupon = coupon_valid(10);
  EXPECT_GT(hazard.of(coupon, kBegin + 6 * kHourSeconds), 10 * hazard.of(coupon, kBegin + 6 * kDaySeconds));
}

TEST(CouponHazard, IsNothingAfterTheEnd) {
  EXPECT_EQ(learned().of(coupon_valid(10), kBegin + 10 * kDaySeconds), 0);
}

TEST(CouponHazard, KnowsCouponsUsedInPartApart) {
  CouponHazard hazard = learned();
  LiveCoupon in_part = coupon_valid(10);
  in_part.is_partly_used = true;
  for (int number = 0; number < 100; ++number) {
    hazard.add_watched(in_part, kBegin + 5 * kDaySeconds, kBegin + 6 * kDaySeconds);
    hazard.add_use({kBegin + 6 * kDaySeconds, in_part.begins, in_part.ends, true, false, false});
  }
  hazard.refresh();
  const Moment later = kBegin + 6 * kDaySeconds;
  EXPECT_GT(hazard.of(in_part, later), 5 * hazard.of(coupon_valid(10), later));
}

TEST(CouponHazard, CountsNoTimeBeforeACouponWasValid) {
  CouponHazard hazard = learned();
  CouponHazard same = hazard;
  const LiveCoupon coupon = coupon_valid(10);
  for (int number = 0; number < 1'000; ++number)
    hazard.add_watched(coupon, kBegin - 20 * kDaySeconds, kBegin);
  hazard.refresh();
  same.refresh();
  EXPECT_EQ(hazard.of(coupon, kBegin + kHourSeconds), same.of(coupon, kBegin + kHourSeconds));
}

}  // namespace
}  // namespace couponsync::test
