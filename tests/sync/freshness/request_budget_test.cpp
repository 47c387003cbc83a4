#include "sync/freshness/request_budget.h"

#include <gtest/gtest.h>

namespace couponsync::test {
namespace {

constexpr Moment kNow = 1'750'000'000;

/// Requests in that time if each is sent as soon as it may be.
int send_for(RequestBudget& budget, Moment& now, double seconds) {
  int sent = 0;
  const Moment end = now + seconds;
  while (now < end) {
    budget.settle(now);
    const Moment next = budget.next_request(now);
    if (next > now) {
      now = next;
      continue;
    }
    budget.spend(1);
    ++sent;
  }
  return sent;
}

TEST(RequestBudget, NeverGoesFasterThanTheMeanWhenSteady) {
  RequestBudget budget;
  budget.set({2, 2}, kNow);
  Moment now = kNow + kDaySeconds;
  EXPECT_NEAR(send_for(budget, now, 1'000), 2'000, 3);
}

TEST(RequestBudget, SpendsWhatItKeptAtThePeak) {
  RequestBudget budget;
  budget.set({1, 10}, kNow);
  Moment now = kNow + kHourSeconds;
  EXPECT_NEAR(send_for(budget, now, 60), 600, 12);
  EXPECT_NEAR(send_for(budget, now, 3'000), 3'000 + 3'600 - 540, 20) << "until the bank is empty";
  EXPECT_NEAR(send_for(budget, now, 1'000), 1'000, 12);
}

TEST(RequestBudget, KeepsNoMoreThanTwoDays) {
  RequestBudget budget;
  budget.set({1, 10}, kNow);
  budget.settle(kNow + 1);
  EXPECT_FALSE(budget.is_full());
  budget.settle(kNow + 10 * kDaySeconds);
  EXPECT_TRUE(budget.is_full());
  EXPECT_NEAR(budget.saved(), 2 * kDaySeconds, 1);
}

TEST(RequestBudget, AsksMoreForARequestWhenTheBankIsEmpty) {
  RequestBudget budget;
  budget.set({1, 10}, kNow);
  budget.settle(kNow + 10 * kDaySeconds);
  const double full = budget.price(100);
  budget.spend(2 * kDaySeconds - 10);
  EXPECT_NEAR(budget.price(100) / full, std::exp(2.0), 0.1);
}

TEST(RequestBudget, MakesNoDebtOfWhatHadToBe) {
  RequestBudget budget;
  budget.set({1, 10}, kNow);
  budget.settle(kNow + 100);
  budget.spend_due(5'000);
  EXPECT_EQ(budget.saved(), 0);
  budget.spend(3);
  budget.spend_due(5'000);
  EXPECT_EQ(budget.saved(), -3) << "nor does it forgive one";
  EXPECT_LE(budget.next_request(kNow + 100), kNow + 105) << "a first round at full speed holds nothing up";
}

TEST(RequestBudget, HoldsLessAtOnceWhenTheMeanFalls) {
  RequestBudget budget;
  budget.set({1, 10}, kNow);
  budget.settle(kNow + 10 * kDaySeconds);
  budget.set({0.5, 5}, kNow + 10 * kDaySeconds);
  EXPECT_NEAR(budget.saved(), kDaySeconds, 1);
}

}  // namespace
}  // namespace couponsync::test
