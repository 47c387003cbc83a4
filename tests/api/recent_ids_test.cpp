#include "api/recent_ids.h"

#include <gtest/gtest.h>

#include <string>

namespace couponsync {
namespace {

TEST(RecentIds, KnowsAnIdAgain) {
  RecentIds ids(10);
  EXPECT_TRUE(ids.is_first("a"));
  EXPECT_TRUE(ids.is_first("b"));
  EXPECT_FALSE(ids.is_first("a"));
  EXPECT_FALSE(ids.is_first("b"));
}

TEST(RecentIds, ForgetsTheOldestBeyondItsBound) {
  RecentIds ids(3);
  for (int round = 0; round < 3; ++round)
    for (int i = 0; i < 4; ++i) EXPECT_TRUE(ids.is_first(std::to_string(i))) << round << ' ' << i;
  for (int i = 1; i < 4; ++i) EXPECT_FALSE(ids.is_first(std::to_string(i)));
}

}  // namespace
}  // namespace couponsync
