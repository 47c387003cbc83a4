#include "sync/freshness/due_lists.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace couponsync::test {
namespace {

TEST(DueLists, PutLikeRatesTogether) {
  const double middle = DueLists::rate_of(DueLists::list_of(0, 2, 1e-5));
  EXPECT_EQ(DueLists::list_of(0, 2, 0.95 * middle), DueLists::list_of(0, 2, 1.05 * middle));
  EXPECT_NE(DueLists::list_of(0, 2, 1e-5), DueLists::list_of(0, 2, 2e-5));
  EXPECT_NE(DueLists::list_of(0, 2, 1e-5), DueLists::list_of(1, 2, 1e-5));
  const DueLists::List list = DueLists::list_of(1, 3, 1e-5);
  EXPECT_EQ(DueLists::kind_of(list), 1U);
  EXPECT_EQ(DueLists::group_of(list), 3U);
  EXPECT_NEAR(DueLists::rate_of(list), 1e-5, 0.13e-5);
  EXPECT_EQ(DueLists::list_of(0, 0, 0), DueLists::list_of(0, 0, 1e-12));
  EXPECT_EQ(DueLists::list_of(0, 0, 1e9) % DueLists::kRates, DueLists::kRates - 1);
}

TEST(DueLists, KeepTheOrderOfTheReadings) {
  DueLists lists;
  lists.resize(3);
  const DueLists::List list = DueLists::list_of(0, 0, 1e-5);
  for (DueLists::Arm arm = 0; arm < 3; ++arm) lists.append(arm, list, 100 + arm);
  EXPECT_EQ(lists.first(list), 0U);
  lists.append(0, list, 200);
  EXPECT_EQ(lists.first(list), 1U);
  lists.erase(1);
  EXPECT_EQ(lists.first(list), 2U);
  EXPECT_EQ(lists.next(2), 0U);
  EXPECT_EQ(lists.read_at(0), 200U);
  EXPECT_EQ(lists.size(list), 2U);
  EXPECT_FALSE(lists.is_listed(1));
}

TEST(DueLists, SayWhichFirstsChanged) {
  DueLists lists;
  lists.resize(2);
  const DueLists::List list = DueLists::list_of(0, 0, 1e-5);
  std::vector<DueLists::List> changed;
  const auto collect = [&](DueLists::List one) { changed.push_back(one); };
  lists.append(0, list, 1);
  lists.visit_changed(collect);
  EXPECT_EQ(changed, std::vector{list});
  changed.clear();
  lists.append(1, list, 2);
  lists.visit_changed(collect);
  EXPECT_TRUE(changed.empty());
  lists.erase(0);
  lists.visit_changed(collect);
  EXPECT_EQ(changed, std::vector{list});
}

TEST(DueLists, AgreeWithAPlainListAfterAnything) {
  constexpr DueLists::Arm kArms = 40;
  DueLists lists;
  lists.resize(kArms);
  std::array<std::vector<DueLists::Arm>, DueLists::kLists> plain;
  std::mt19937 random(5);
  for (std::uint32_t step = 0; step < 20'000; ++step) {
    const DueLists::Arm arm = random() % kArms;
    for (auto& one : plain) std::erase(one, arm);
    if (random() % 4 == 0) {
      lists.erase(arm);
    } else {
      const auto list = static_cast<DueLists::List>(random() % 5);
      lists.append(arm, list, step);
      plain[list].push_back(arm);
    }
    std::size_t used = 0;
    for (DueLists::List list = 0; list < 5; ++list) {
      ASSERT_EQ(lists.size(list), plain[list].size());
      used += plain[list].empty() ? 0 : 1;
      DueLists::Arm next = lists.first(list);
      for (const DueLists::Arm expected : plain[list]) {
        ASSERT_EQ(next, expected);
        next = lists.next(next);
      }
      ASSERT_EQ(next, DueLists::kNone);
    }
    ASSERT_EQ(lists.in_use().size(), used);
  }
}

}  // namespace
}  // namespace couponsync::test
