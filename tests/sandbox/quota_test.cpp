#include "sandbox/quota.h"

#include <gtest/gtest.h>

namespace couponsync::sandbox {
namespace {

using namespace std::chrono_literals;

class QuotaTest : public testing::Test {
 protected:
  int taken(int calls) {
    int count = 0;
    for (int i = 0; i < calls; ++i) count += quota_.take(now_) ? 1 : 0;
    return count;
  }
  Quota::Time now_{1000h};
  Quota quota_;
};

TEST_F(QuotaTest, ABucketRefillsAllTheTime) {
  quota_.set(10, QuotaKind::bucket, now_);
  EXPECT_EQ(taken(100), 10);
  now_ += 500ms;
  EXPECT_EQ(taken(100), 5);
  now_ += 1h;
  EXPECT_EQ(taken(100), 10);
}

TEST_F(QuotaTest, AWindowIsFullAgainWhenItEnds) {
  quota_.set(10, QuotaKind::minute, now_);
  EXPECT_EQ(taken(100), 10);
  now_ += 59s;
  EXPECT_EQ(taken(100), 0);
  now_ += 1s;
  EXPECT_EQ(taken(100), 10);
}

TEST_F(QuotaTest, NoneIsNoLimit) { EXPECT_EQ(taken(100'000), 100'000); }

TEST(QuotaKind, IsKnownByItsName) {
  EXPECT_EQ(quota_kind("second"), QuotaKind::second);
  EXPECT_EQ(quota_kind("hour"), std::nullopt);
}

}  // namespace
}  // namespace couponsync::sandbox
