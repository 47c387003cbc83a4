#include "sync/freshness/due_policy.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <vector>

namespace couponsync::test {
namespace {

constexpr Moment kStart = 1'750'000'000;

/// Listings whose replies are made up; time goes on by what the policy says.
class DuePolicyTest : public ::testing::Test {
 protected:
  void set_budget(double mean, double peak) { policy_.set_budget({mean, peak}, now_); }

  /// A user who received so many coupons over the last year, evenly.
  void add(ListingId id, std::size_t coupons) {
    policy_.add(id);
    std::vector<ShownCoupon> history;
    for (std::size_t coupon = 0; coupon < coupons; ++coupon) {
      const double age = static_cast<double>(coupon) * 365 * kDaySeconds / static_cast<double>(coupons);
      history.push_back({coupon, now_ - age, now_ - age, true, false, false});
    }
    ReadingSummary seen;
    seen.known = static_cast<std::uint32_t>(coupons);
    seen.total = seen.known;
    seen.requests = 1 + static_cast<std::uint32_t>(coupons) / 51;
    seen.coupons = history;
    known_[id] = seen.known;
    policy_.taken(id);
    policy_.observe(id, ReadingKind::whole, seen, now_);
  }

  void observe(const DuePolicy::DueReading& reading, ReadingSummary seen = {}) {
    seen.known = known_[reading.listing];
    if (reading.kind == ReadingKind::whole) seen.requests = 1 + seen.known / 51;
    if (reading.kind == ReadingKind::count && !seen.total) seen.total = seen.known;
    policy_.observe(reading.listing, reading.kind, seen, now_);
  }

  DuePolicy::DueReading next() {
    for (int attempt = 0; attempt < 100'000; ++attempt) {
      const DuePolicy::Choice choice = policy_.next(now_);
      if (choice.reading) return *choice.reading;
      EXPECT_GT(choice.wait_until, now_);
      now_ = choice.wait_until;
    }
    ADD_FAILURE() << "nothing was ever due";
    return {};
  }

  /// Reads as it says, with nothing new, for that long.
  std::vector<DuePolicy::DueReading> play(double seconds) {
    std::vector<DuePolicy::DueReading> readings;
    const Moment end = now_ + seconds;
    while (true) {
      const DuePolicy::Choice choice = policy_.next(now_);
      if (choice.reading) {
        readings.push_back(*choice.reading);
        last_read_[choice.reading->listing] = now_;
        observe(*choice.reading);
      } else if (choice.wait_until >= end) {
        now_ = end;
        return readings;
      } else {
        now_ = choice.wait_until;
      }
    }
  }

  Moment now_ = kStart;
  DuePolicy policy_;
  std::map<ListingId, std::uint32_t> known_;
  std::map<ListingId, Moment> last_read_;
};

std::size_t count(const std::vector<DuePolicy::DueReading>& readings, ListingId id) {
  return static_cast<std::size_t>(std::ranges::count(readings, id, &DuePolicy::DueReading::listing));
}

std::size_t count(const std::vector<DuePolicy::DueReading>& readings, ReadingKind kind) {
  return static_cast<std::size_t>(std::ranges::count(readings, kind, &DuePolicy::DueReading::kind));
}

TEST_F(DuePolicyTest, ChoosesNothingBeforeAFirstWholeReading) {
  set_budget(1, 1);
  policy_.add(1);
  now_ += 100;
  EXPECT_FALSE(policy_.next(now_).reading);
  policy_.observe(1, ReadingKind::count, {}, now_);
  now_ += 100;
  EXPECT_FALSE(policy_.next(now_).reading);
  add(2, 3);
  now_ += 100;
  EXPECT_EQ(next().listing, 2);
}

TEST_F(DuePolicyTest, ReadsMoreOftenWhatChangesMoreOften) {
  set_budget(0.01, 0.01);
  for (ListingId id = 1; id <= 20; ++id) add(id, id <= 10 ? 48 : 3);
  const auto readings = play(3 * kDaySeconds);
  EXPECT_NEAR(readings.size(), 2'592, 30);
  EXPECT_GT(count(readings, 1), 3 * count(readings, 20) / 2);
  EXPECT_GT(count(readings, 20), 0U);
}

TEST_F(DuePolicyTest, LetsNobodyWaitLongerThanTheGreatestAge) {
  set_budget(0.1, 0.1);
  for (ListingId id = 1; id <= 200; ++id) add(id, id <= 100 ? 48 : 0);
  play(4 * policy_.greatest_age());  // at first, all were read at the same time
  for (int step = 0; step < 200; ++step) {
    play(300);
    for (ListingId id = 1; id <= 200; ++id)
      ASSERT_LT(now_ - std::max(kStart, last_read_[id]), policy_.greatest_age() + 300) << id;
  }
}

TEST_F(DuePolicyTest, KeepsToTheBudget) {
  set_budget(0.2, 2);
  for (ListingId id = 1; id <= 100; ++id) add(id, static_cast<std::size_t>(id) % 49);
  play(5 * kDaySeconds);
  double requests = 0;
  for (int day = 0; day < 5; ++day) requests += static_cast<double>(play(kDaySeconds).size());
  EXPECT_NEAR(requests, 0.2 * 5 * kDaySeconds, 0.2 * 2 * kDaySeconds);
}

TEST_F(DuePolicyTest, ProbesListingsOfManyPagesAndSweepsThemSeldom) {
  set_budget(0.02, 0.02);
  for (ListingId id = 1; id <= 10; ++id) add(id, 400);
  const auto readings = play(4 * kDaySeconds);
  EXPECT_GT(count(readings, ReadingKind::effective), 1'000U);
  EXPECT_GT(count(readings, ReadingKind::count), 100U);
  EXPECT_GE(count(readings, ReadingKind::whole), 20U);
  EXPECT_LE(count(readings, ReadingKind::whole), 50U);
  for (const auto& reading : readings) {
    const bool is_whole = reading.kind == ReadingKind::whole;
    EXPECT_EQ(is_whole, reading.purpose == ReadingPurpose::sweep);
  }
}

TEST_F(DuePolicyTest, LooksForWhatLeftAnEffectiveListing) {
  set_budget(1, 1);
  add(1, 400);
  now_ += 10'000;
  auto reading = next();
  while (reading.kind != ReadingKind::effective) {
    observe(reading);
    reading = next();
  }
  ReadingSummary seen;
  const std::vector<StockKey> left{77, 78};
  seen.left = left;
  observe(reading, seen);
  for (const StockKey stock : left) {
    reading = next();
    EXPECT_EQ(reading.kind, ReadingKind::stock);
    EXPECT_EQ(reading.stock, stock);
    EXPECT_EQ(reading.purpose, ReadingPurpose::detail);
    observe(reading);
  }
  EXPECT_NE(next().kind, ReadingKind::stock);
}

TEST_F(DuePolicyTest, LooksForWhatACountShows) {
  set_budget(1, 1);
  add(1, 400);
  now_ += 10'000;
  auto reading = next();
  while (reading.kind != ReadingKind::count) {
    observe(reading);
    reading = next();
  }
  ReadingSummary one_more;
  one_more.total = known_[1] + 1;
  observe(reading, one_more);
  std::vector<ReadingKind> kinds;
  for (int step = 0; step < 3; ++step) {
    reading = next();
    kinds.push_back(reading.kind);
    observe(reading);
  }
  EXPECT_EQ(kinds, (std::vector{ReadingKind::effective, ReadingKind::pending, ReadingKind::whole}));
  EXPECT_EQ(next().purpose, ReadingPurpose::regular);
}

TEST_F(DuePolicyTest, StopsLookingWhereItIsFound) {
  set_budget(1, 1);
  add(1, 400);
  now_ += 10'000;
  auto reading = next();
  while (reading.kind != ReadingKind::count) {
    observe(reading);
    reading = next();
  }
  ReadingSummary one_more;
  one_more.total = known_[1] + 1;
  observe(reading, one_more);
  reading = next();
  EXPECT_EQ(reading.kind, ReadingKind::effective);
  ++known_[1];
  observe(reading);
  EXPECT_EQ(next().purpose, ReadingPurpose::regular);
}

TEST_F(DuePolicyTest, ProbesLessWhereACountShowsThatNothingCame) {
  set_budget(0.02, 0.02);
  for (ListingId id = 1; id <= 10; ++id) add(id, 400);
  const auto of_counts = [&](bool shows_total) {
    std::size_t effective = 0;
    for (int step = 0; step < 3'000; ++step) {
      const auto reading = next();
      effective += reading.kind == ReadingKind::effective ? 1U : 0U;
      ReadingSummary seen;
      seen.known = known_[reading.listing];
      if (shows_total) seen.total = seen.known;
      policy_.observe(reading.listing, reading.kind, seen, now_);
    }
    return effective;
  };
  const std::size_t without = of_counts(false);
  EXPECT_LT(of_counts(true), without - without / 50);
}

TEST_F(DuePolicyTest, ReadsAllOfItWhereTheCountFell) {
  set_budget(1, 1);
  add(1, 400);
  now_ += 10'000;
  auto reading = next();
  while (reading.kind != ReadingKind::count) {
    observe(reading);
    reading = next();
  }
  ReadingSummary fewer;
  fewer.total = known_[1] - 1;
  observe(reading, fewer);
  EXPECT_EQ(next().kind, ReadingKind::whole);
}

TEST_F(DuePolicyTest, NeverChoosesWhatIsBeingRead) {
  set_budget(10, 10);
  for (ListingId id = 1; id <= 5; ++id) add(id, 400);
  now_ += 10'000;
  std::vector<ListingId> chosen;
  for (int reading = 0; reading < 5; ++reading) chosen.push_back(next().listing);
  std::ranges::sort(chosen);
  EXPECT_EQ(chosen, (std::vector<ListingId>{1, 2, 3, 4, 5}));
  now_ += 10'000;
  EXPECT_FALSE(policy_.next(now_).reading);
  policy_.observe(3, ReadingKind::effective, {1, known_[3], {}, false, {}, {}, {}, {}, {}}, now_);
  now_ += 10'000;
  EXPECT_EQ(next().listing, 3);
}

TEST_F(DuePolicyTest, LeavesAloneWhatTheQueueGaveAway) {
  set_budget(10, 10);
  add(1, 3);
  add(2, 3);
  policy_.taken(1);
  now_ += 10'000;
  EXPECT_EQ(next().listing, 2);
  now_ += 10'000;
  EXPECT_FALSE(policy_.next(now_).reading);
  policy_.put_back(ListingId{1});
  now_ += 10'000;
  EXPECT_EQ(next().listing, 1);
}

TEST_F(DuePolicyTest, TakesBackWhatWasNotRead) {
  set_budget(0.1, 1);
  add(1, 400);
  now_ += 10'000;
  const auto reading = next();
  const double spent = policy_.budget().saved();
  policy_.put_back(reading);
  EXPECT_EQ(policy_.budget().saved(), spent + 1);
  EXPECT_EQ(next().listing, reading.listing);
}

TEST_F(DuePolicyTest, ForgetsWhatIsRemoved) {
  set_budget(10, 10);
  add(1, 400);
  add(2, 3);
  now_ += 10'000;
  const auto first = next();
  policy_.remove(1, now_);
  EXPECT_EQ(policy_.size(), 1U);
  observe({1, ReadingKind::whole});
  if (first.listing == 2) observe(first);
  for (const auto& reading : play(kDaySeconds / 4)) ASSERT_EQ(reading.listing, 2);
  policy_.add(3);
  EXPECT_FALSE(policy_.next(now_ + 1).reading && policy_.next(now_ + 1).reading->listing == 3)
      << "in the slot of the first one, and never read";
}

TEST_F(DuePolicyTest, SaysHowAHintedListingIsRead) {
  add(1, 400);
  add(2, 3);
  EXPECT_EQ(policy_.usual(1).main, ReadingKind::effective);
  EXPECT_EQ(policy_.usual(1).receipts, ReadingKind::count);
  EXPECT_EQ(policy_.usual(2).main, ReadingKind::whole);
  EXPECT_FALSE(policy_.usual(2).receipts);
  EXPECT_EQ(policy_.usual(3).main, ReadingKind::whole) << "one it does not know";
}

TEST_F(DuePolicyTest, GivesUpAnEffectiveProbeThatMissesChanges) {
  set_budget(0.1, 0.1);
  for (ListingId id = 1; id <= 10; ++id) add(id, 400);
  bool is_trusted = true;
  for (int step = 0; step < 20'000 && is_trusted; ++step) {
    const auto reading = next();
    ReadingSummary seen;
    // The whole reading shows uses that were there long before the last probe.
    const std::vector<ShownUse> missed(
        10, {now_ - kDaySeconds / 2, now_ - 2 * kDaySeconds, now_ + kDaySeconds, false, false, false});
    if (reading.kind == ReadingKind::whole) seen.uses = missed;
    observe(reading, seen);
    is_trusted = policy_.trusts_effective();
  }
  EXPECT_FALSE(is_trusted);
  for (int step = 0; step < 50; ++step) observe(next());
  for (const auto& reading : play(kDaySeconds)) ASSERT_EQ(reading.kind, ReadingKind::whole);
}

TEST_F(DuePolicyTest, GoesOnInOrderAfterAnOutage) {
  set_budget(0.1, 1);
  for (ListingId id = 1; id <= 100; ++id) add(id, static_cast<std::size_t>(id) % 49);
  play(kDaySeconds);
  now_ += kDaySeconds;
  const Moment back = now_;
  play(policy_.greatest_age());
  for (ListingId id = 1; id <= 100; ++id) EXPECT_GE(last_read_[id], back) << id;
}

TEST_F(DuePolicyTest, TakesAHalvedBudgetAtOnce) {
  set_budget(0.2, 0.2);
  for (ListingId id = 1; id <= 100; ++id) add(id, 3);
  play(kDaySeconds);
  const double greatest = policy_.greatest_age();
  set_budget(0.1, 0.1);
  EXPECT_NEAR(policy_.greatest_age(), 2 * greatest, 1);
  EXPECT_NEAR(play(kDaySeconds).size(), 8'640, 5);
}

TEST_F(DuePolicyTest, NeedsLessThanAHundredBytesAListing) {
  set_budget(10, 10);
  for (ListingId id = 1; id <= 200'000; ++id) policy_.add(id * 3);
  EXPECT_LT(policy_.bytes(), 100U * 200'000);
}

}  // namespace
}  // namespace couponsync::test
