#include "sync/freshness/change_rate.h"

#include <gtest/gtest.h>

namespace couponsync::test {
namespace {

constexpr Moment kNow = 1'750'000'000;

/// A user who received a coupon every so many days, for a year.
ChangeRecord received_every(ChangeRates& rates, double days) {
  ChangeRecord record;
  rates.settle(record, kNow);
  double receipts = 0;
  for (double age = 0; age < 365; age += days) receipts += ChangeRates::weight(age * kDaySeconds);
  rates.set_receipts(record, receipts);
  rates.set_watched(record, ChangeRates::weighted_seconds(365 * kDaySeconds));
  return record;
}

TEST(ChangeRates, TakeTheRateFromTheHistory) {
  ChangeRates rates;
  const ChangeRecord often = received_every(rates, 2);
  const ChangeRecord seldom = received_every(rates, 60);
  EXPECT_NEAR(rates.receipt_rate(often) * kDaySeconds, 1.0 / 2, 0.05);
  EXPECT_NEAR(rates.receipt_rate(seldom) * kDaySeconds, 1.0 / 60, 0.015);
}

TEST(ChangeRates, TakeTheMeanForWhoIsHardlyKnown) {
  ChangeRates rates;
  for (int user = 0; user < 100; ++user) received_every(rates, 10);
  ChangeRecord unknown;
  rates.settle(unknown, kNow);
  EXPECT_NEAR(rates.receipt_rate(unknown), rates.mean(), rates.mean() / 100);
  EXPECT_NEAR(rates.mean() * kDaySeconds, 1.0 / 10, 0.02);
}

TEST(ChangeRates, LetARateFadeThatIsNotSeenAnyMore) {
  ChangeRates rates;
  ChangeRecord record = received_every(rates, 2);
  const double before = rates.receipt_rate(record);
  for (int day = 1; day <= 120; ++day) {
    rates.settle(record, kNow + day * kDaySeconds);
    rates.add_watched(record, kDaySeconds);
  }
  EXPECT_LT(rates.receipt_rate(record), before / 3);
}

TEST(ChangeRates, KeepTheSumsThoseOfAllRecordsAsTheyFade) {
  ChangeRates rates;
  ChangeRecord leaves = received_every(rates, 0.01);
  ChangeRecord stays;
  for (int user = 0; user < 40; ++user) stays = received_every(rates, 20);
  EXPECT_GT(rates.mean() * kDaySeconds, 1);
  rates.remove(leaves, kNow + 90 * kDaySeconds);
  rates.settle(stays, kNow + 90 * kDaySeconds);
  const double own = stays.receipts / stays.watched;
  EXPECT_NEAR(rates.mean(), own, own * 0.05) << "what is left is like that one";
}

TEST(ChangeRates, CompareUsesWithThoseExpected) {
  ChangeRecord record;
  EXPECT_DOUBLE_EQ(ChangeRates::use_factor(record), 1);
  record.expected_uses = 10;
  EXPECT_LT(ChangeRates::use_factor(record), 0.2);
  record.uses = 40;
  EXPECT_GT(ChangeRates::use_factor(record), 3);
}

}  // namespace
}  // namespace couponsync::test
