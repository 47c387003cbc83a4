#include "sync/due_times.h"

#include <gtest/gtest.h>

#include <map>

namespace couponsync::test {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

constexpr UnixSeconds kStart = 1'750'000'123;

TEST(DueTimes, SpreadTheListingsOfALargeWatchlistEvenlyOverTheInterval) {
  const DueTimes due(minutes(15), 9'000);
  std::map<UnixSeconds, int> slots;
  for (ListingId id = 1; id <= 9'000; ++id) ++slots[due.next(id, kStart)];
  EXPECT_EQ(slots.size(), 15U);
  for (const auto& [at, listings] : slots) EXPECT_EQ(listings, 600) << at;
  EXPECT_GE(slots.begin()->first, kStart + 225);
  EXPECT_LE(slots.rbegin()->first, kStart + 1'125);
}

TEST(DueTimes, AreAnIntervalApartFromTheSecondTimeOn) {
  const DueTimes due(minutes(15), 9'000);
  for (ListingId id = 1; id <= 40; ++id) {
    const UnixSeconds first = due.next(id, kStart);
    EXPECT_EQ(due.next(id, first), first + 900) << id;
    EXPECT_EQ(due.next(id, first + 100), first + 900) << "also if the run began late";
  }
}

TEST(DueTimes, ComeBackToTheirSlotAfterAReadingOnDemand) {
  const DueTimes due(minutes(15), 9'000);
  const UnixSeconds slot = due.next(7, kStart);
  EXPECT_EQ(due.next(7, slot + 300), slot + 900);
  EXPECT_EQ(due.next(7, slot + 800), slot + 1'800) << "not again within a quarter of the interval";
}

TEST(DueTimes, OfASmallWatchlistOrAShortIntervalAreOneRun) {
  EXPECT_EQ(DueTimes(minutes(15), 127).next(5, kStart), kStart + 900);
  EXPECT_EQ(DueTimes(seconds(59), 9'000).next(5, kStart), kStart + 59);
}

}  // namespace
}  // namespace couponsync::test
