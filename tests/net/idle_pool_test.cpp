#include "net/idle_pool.h"

#include <gtest/gtest.h>

#include <memory>

namespace couponsync {
namespace {

using namespace std::chrono_literals;

constexpr SteadyTime kStart{1h};

TEST(IdlePool, GivesBackTheYoungestFirst) {
  IdlePool<int> pool(7s, 10);
  pool.put(1, kStart);
  pool.put(2, kStart + 1s);
  EXPECT_EQ(pool.take(kStart + 2s), 2);
  EXPECT_EQ(pool.take(kStart + 2s), 1);
  EXPECT_EQ(pool.take(kStart + 2s), std::nullopt);
}

TEST(IdlePool, DropsWhatIsSevenSecondsOld) {
  IdlePool<std::shared_ptr<int>> pool(7s, 10);
  const auto item = std::make_shared<int>(1);
  pool.put(item, kStart);
  EXPECT_EQ(pool.take(kStart + 7s - 1ns), item);
  pool.put(item, kStart);
  EXPECT_EQ(pool.take(kStart + 7s), std::nullopt);
  EXPECT_EQ(item.use_count(), 1);
}

TEST(IdlePool, DropsTheAgedAlsoWhenAnotherIsPut) {
  IdlePool<int> pool(7s, 10);
  pool.put(1, kStart);
  pool.put(2, kStart + 7s);
  EXPECT_EQ(pool.size(), 1U);
}

TEST(IdlePool, DropsTheOldestBeyondItsSize) {
  IdlePool<int> pool(7s, 2);
  for (const int item : {1, 2, 3}) pool.put(item, kStart);
  EXPECT_EQ(pool.take(kStart), 3);
  EXPECT_EQ(pool.take(kStart), 2);
  EXPECT_EQ(pool.take(kStart), std::nullopt);
}

TEST(IdlePool, KeepsNothingIfItMayHoldNothing) {
  IdlePool<int> pool(0s, 10);
  pool.put(1, kStart);
  EXPECT_EQ(pool.take(kStart), std::nullopt);
  IdlePool<int> small(7s, 0);
  small.put(1, kStart);
  EXPECT_EQ(small.take(kStart), std::nullopt);
}

TEST(IdlePool, DropsEverythingAtOnce) {
  IdlePool<int> pool(7s, 10);
  for (const int item : {1, 2, 3}) pool.put(item, kStart);
  pool.clear();
  EXPECT_EQ(pool.size(), 0U);
  EXPECT_EQ(pool.take(kStart), std::nullopt);
}

}  // namespace
}  // namespace couponsync
