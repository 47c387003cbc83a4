#include "sync/evidence.h"

#include "sync/own_limit.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace couponsync::test {
namespace {

using namespace std::chrono_literals;

ListingKey listing(int number) { return {"wxapp", Openid("o" + std::to_string(number)), "", "", ""}; }

constexpr SteadyTime kStart{1h};

double in_the_middle() { return 0.5; }

TEST(Evidence, IsWhatCallsForOtherListingsShow) {
  Evidence evidence(in_the_middle);
  EXPECT_FALSE(evidence.others_work_since(listing(1), kStart));
  evidence.answered(listing(1), kStart + 2s, true);
  EXPECT_FALSE(evidence.others_work_since(listing(1), kStart)) << "its own call tells nothing";
  EXPECT_TRUE(evidence.others_work_since(listing(2), kStart));
  evidence.answered(listing(2), kStart + 1s, true);
  EXPECT_TRUE(evidence.others_work_since(listing(1), kStart + 1s));
  EXPECT_FALSE(evidence.others_work_since(listing(1), kStart + 2s));
}

TEST(Evidence, KnowsTheLatestOfAllButAnyOneInWhateverOrderTheyCome) {
  for (const int order : {123, 132, 213, 231, 312, 321}) {
    Evidence evidence(in_the_middle);
    for (const int number : {order / 100, order / 10 % 10, order % 10})
      evidence.answered(listing(number), kStart + number * 1s, true);
    EXPECT_TRUE(evidence.others_work_since(listing(3), kStart + 2s)) << order;
    EXPECT_FALSE(evidence.others_work_since(listing(3), kStart + 3s)) << order;
    EXPECT_TRUE(evidence.others_work_since(listing(1), kStart + 3s)) << order;
  }
}

TEST(Evidence, NamesAnotherListingAsAWitnessAndNoneTwice) {
  Evidence evidence(in_the_middle);
  EXPECT_FALSE(evidence.witness_for(listing(1)));
  evidence.offer(listing(1));
  EXPECT_FALSE(evidence.witness_for(listing(1))) << "not itself";
  for (int i = 2; i <= 4; ++i) evidence.offer(listing(i));
  std::vector<ListingKey> asked;
  for (int i = 0; i < 3; ++i) asked.push_back(evidence.witness_for(listing(1), asked).value());
  EXPECT_EQ(std::set(asked.begin(), asked.end()), (std::set{listing(2), listing(3), listing(4)}));
  EXPECT_FALSE(evidence.witness_for(listing(1), asked));
  evidence.blame(listing(3));
  evidence.retract(listing(4));
  for (int i = 0; i < 8; ++i) EXPECT_EQ(evidence.witness_for(listing(1)), listing(2));
}

TEST(Evidence, NamesTheOneThatWorkedLastFirstButNotOnlyThat) {
  Evidence evidence(in_the_middle);
  evidence.answered(listing(7), kStart, true);
  EXPECT_EQ(evidence.witness_for(listing(1)), listing(7));
  evidence.offer(listing(2));
  const std::vector<ListingKey> asked{listing(7)};
  EXPECT_EQ(evidence.witness_for(listing(1), asked), listing(2));
}

TEST(Evidence, NamesAnyOfAThousandThatWereOffered) {
  std::mt19937 random(1);
  std::uniform_real_distribution<double> unit(0, 1);
  Evidence evidence([&] { return unit(random); });
  std::set<ListingKey> low;
  std::set<ListingKey> high;
  for (int i = 0; i < 1'000; ++i) evidence.offer(listing(i));
  for (int i = 0; i < 200; ++i) {
    const ListingKey witness = evidence.witness_for(listing(2'000)).value();
    (std::stoi(witness.openid.reveal().substr(1)) < 500 ? low : high).insert(witness);
  }
  EXPECT_GE(low.size(), 15U);
  EXPECT_GE(high.size(), 15U);
}

TEST(Evidence, NamesByPreferenceAnotherGroupsListing) {
  Evidence evidence(in_the_middle);
  for (int i = 0; i < 50; ++i) evidence.offer(listing(i));
  const ListingKey other_group{"wxother", Openid("o99"), "", "", ""};
  const ListingKey same_user{"wxother", Openid("o7"), "", "", ""};
  evidence.offer(same_user);
  evidence.offer(other_group);
  EXPECT_EQ(evidence.witness_for(listing(7)), other_group);
}

TEST(Evidence, PassesOverNoMoreThanThreeAtATime) {
  Evidence evidence(in_the_middle);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(evidence.distrust(listing(i), kStart));
  EXPECT_FALSE(evidence.distrust(listing(3), kStart + 1s));
  EXPECT_TRUE(evidence.distrust(listing(2), kStart + 1s));
  evidence.blame(listing(0));
  EXPECT_TRUE(evidence.distrust(listing(3), kStart + 2s));
  EXPECT_FALSE(evidence.distrust(listing(4), kStart + 59s));
  EXPECT_TRUE(evidence.distrust(listing(4), kStart + 62s));
}

TEST(Evidence, OfAnIllServiceIsThatManyCallsBreakOff) {
  Evidence evidence(in_the_middle);
  EXPECT_FALSE(evidence.others_break_off(listing(1)));
  for (int i = 0; i < 20; ++i) evidence.call_ended(listing(1), false);
  EXPECT_FALSE(evidence.others_break_off(listing(1))) << "they are all its own";
  EXPECT_TRUE(evidence.others_break_off(listing(2)));
  for (int i = 0; i < 20; ++i) evidence.call_ended(listing(i), i % 5 != 0);
  EXPECT_TRUE(evidence.others_break_off(listing(99)));
  for (int i = 0; i < 20; ++i) evidence.call_ended(listing(i), i % 10 != 0);
  EXPECT_FALSE(evidence.others_break_off(listing(99)));
  evidence.blame(listing(5));
  for (int i = 0; i < 20; ++i) evidence.call_ended(listing(5), false);
  EXPECT_FALSE(evidence.others_break_off(listing(99))) << "one that is known to fail tells nothing";
  evidence.absolve(listing(5));
  EXPECT_FALSE(evidence.is_blamed(listing(5)));
}

/// The page's refusals, and between two of them calls for others.
class OwnLimitTest : public testing::Test {
 protected:
  void refuse(std::optional<std::chrono::milliseconds> retry_after = std::nullopt) {
    limit_.refused(worked_, ++limited_, retry_after);
  }
  void others(int worked, int limited) {
    worked_ += static_cast<std::uint64_t>(worked);
    limited_ += static_cast<std::uint64_t>(limited);
  }

  OwnLimit limit_;
  std::uint64_t worked_ = 100;
  std::uint64_t limited_ = 7;
};

TEST_F(OwnLimitTest, IsFoundByEightRefusalsEachOfWhichIsContradicted) {
  refuse();
  for (int i = 0; i < 8; ++i) {
    EXPECT_FALSE(limit_.is_own(false)) << i;
    others(3, 1);
    refuse();
  }
  EXPECT_TRUE(limit_.is_own(false));
}

TEST_F(OwnLimitTest, IsNotFoundWhereMostAreRefused) {
  for (int i = 0; i < 1'000; ++i) {
    refuse();
    others(i % 3 == 0 ? 2 : 0, 2);
  }
  EXPECT_FALSE(limit_.is_own(false));
  EXPECT_FALSE(limit_.is_own(true));
  EXPECT_LT(limit_.witness_chance(false, false), 0.5) << "a witness uses the others' quota";
}

TEST_F(OwnLimitTest, NeedsLessAfterPausesOrWhereItIsKnown) {
  refuse(std::chrono::seconds(60));
  others(1, 0);
  refuse(std::chrono::seconds(60));
  EXPECT_TRUE(limit_.is_own(true));
  for (int i = 0; i < 2; ++i) {
    EXPECT_FALSE(limit_.is_own(false));
    others(1, 0);
    refuse(std::chrono::seconds(60));
  }
  EXPECT_TRUE(limit_.is_own(false));
}

TEST_F(OwnLimitTest, IsFoundByWitnessesWhereOthersWithALimitOfTheirOwnAreAllThatIsAskedFor) {
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(limit_.witness_chance(false, false), 0);
    others(0, 2);
    refuse();
  }
  for (int i = 0; i < 6; ++i) {
    EXPECT_FALSE(limit_.is_own(false)) << i;
    EXPECT_GT(limit_.witness_chance(false, false), 0);
    limit_.asked_witness(true);
    others(1, 2);
    refuse();
  }
  EXPECT_TRUE(limit_.is_own(false));
}

TEST_F(OwnLimitTest, IsNotFoundByWitnessesOneOfWhomIsRefusedNowAndThen) {
  for (int i = 0; i < 1'000; ++i) {
    limit_.asked_witness(i % 6 != 0);
    others(0, 2);
    refuse();
  }
  EXPECT_FALSE(limit_.is_own(false));
}

TEST_F(OwnLimitTest, WantsAWitnessWhereNothingElseIsAskedFor) {
  refuse();
  EXPECT_EQ(limit_.witness_chance(true, false), 1);
  refuse();
  EXPECT_EQ(limit_.witness_chance(false, false), 0);
  refuse();
  EXPECT_EQ(limit_.witness_chance(false, false), 0.5);
  others(1, 0);
  refuse();
  EXPECT_EQ(limit_.witness_chance(false, false), 0) << "others have just told";
}

}  // namespace
}  // namespace couponsync::test
