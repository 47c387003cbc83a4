#include "net/domain_selector.h"

#include <gtest/gtest.h>

namespace couponsync {
namespace {

using namespace std::chrono_literals;
using enum Domain;

class DomainSelectorTest : public testing::Test {
 protected:
  /// Ends calls to `domain` one after another: 's' succeeded, 'f' failed.
  void end_calls(Domain domain, std::string_view results) {
    for (const char result : results)
      result == 's' ? selector_.succeeded(domain, now_) : selector_.failed(domain, now_);
  }
  Domain choose() { return selector_.choose(now_); }
  Domain choose_after_failing_on(Domain domain) { return selector_.choose(now_, &domain); }
  void open(Domain domain) { end_calls(domain, "fffff"); }
  bool avoided(Domain domain) const { return selector_.avoided(domain, now_); }
  /// Takes the place of a try on the primary, which comes back now.
  void try_primary(char result) {
    ASSERT_EQ(choose(), primary);
    end_calls(primary, std::string_view(&result, 1));
  }

  SteadyTime now_{1h};
  DomainSelector selector_{true};
};

struct OpeningCase {
  std::string_view results;
  bool opens;
};

void PrintTo(const OpeningCase& c, std::ostream* out) { *out << c.results; }

class DomainSelectorOpening : public DomainSelectorTest, public testing::WithParamInterface<OpeningCase> {};

TEST_P(DomainSelectorOpening, DependsOnTheLastCalls) {
  end_calls(primary, GetParam().results);
  EXPECT_EQ(avoided(primary), GetParam().opens);
  EXPECT_EQ(choose(), GetParam().opens ? backup : primary);
}

INSTANTIATE_TEST_SUITE_P(Results, DomainSelectorOpening,
                         testing::Values(OpeningCase{"", false}, OpeningCase{"ffff", false},
                                         OpeningCase{"fffff", true}, OpeningCase{"ffffsffff", false},
                                         OpeningCase{"ssssssssssssssssssssfffff", true},
                                         OpeningCase{"fsfsfsfsf", false}, OpeningCase{"fsfsfsfsfs", false},
                                         OpeningCase{"sfsfsfsfsf", true}, OpeningCase{"sfsfsfsfss", false},
                                         OpeningCase{"ssfsssfsssfsssfsssfsssf", false},
                                         OpeningCase{"ssssssssssffsfsffsffsfff", true},
                                         OpeningCase{"ffffssssssfsssssssssssssssssssssss", false}));

TEST_F(DomainSelectorTest, PrefersThePrimary) {
  EXPECT_EQ(choose(), primary);
  open(backup);
  EXPECT_EQ(choose(), primary);
}

TEST_F(DomainSelectorTest, TakesTheOtherDomainForAPageThatJustFailed) {
  EXPECT_EQ(choose_after_failing_on(primary), backup);
  EXPECT_EQ(choose_after_failing_on(backup), primary);
}

TEST_F(DomainSelectorTest, StaysOnTheDomainThatFailedIfTheOtherIsAvoided) {
  open(backup);
  EXPECT_EQ(choose_after_failing_on(primary), primary);
}

TEST_F(DomainSelectorTest, AvoidsADomainFor30SecondsAtFirst) {
  open(primary);
  now_ += 30s - 1ns;
  EXPECT_EQ(choose(), backup);
  now_ += 1ns;
  EXPECT_FALSE(avoided(primary));
  EXPECT_EQ(choose(), primary);
}

TEST_F(DomainSelectorTest, TriesWithOneCallAtATime) {
  open(primary);
  now_ += 30s;
  EXPECT_EQ(choose(), primary);
  EXPECT_TRUE(avoided(primary));
  EXPECT_EQ(choose(), backup);
  selector_.succeeded(primary, now_);
  EXPECT_EQ(choose(), primary);
  EXPECT_EQ(choose(), backup);
}

TEST_F(DomainSelectorTest, ClosesAfterThreeTriesThatSucceeded) {
  open(primary);
  now_ += 30s;
  for (int i = 0; i < 3; ++i) try_primary('s');
  EXPECT_EQ(choose(), primary);
  EXPECT_EQ(choose(), primary) << "no longer one at a time";
  end_calls(primary, "ffff");
  EXPECT_FALSE(avoided(primary)) << "what was before is forgotten";
}

TEST_F(DomainSelectorTest, AvoidsItLongerAfterEachTryThatFailedUpToFiveMinutes) {
  open(primary);
  now_ += 30s;
  for (const auto delay : {60s, 90s, 120s, 150s, 180s, 210s, 240s, 270s, 300s, 300s, 300s}) {
    try_primary('f');
    now_ += delay - 1ns;
    EXPECT_TRUE(avoided(primary));
    now_ += 1ns;
    EXPECT_FALSE(avoided(primary));
  }
}

TEST_F(DomainSelectorTest, OpensAgainIfASecondTryFails) {
  open(primary);
  now_ += 30s;
  try_primary('s');
  try_primary('f');
  now_ += 60s - 1ns;
  EXPECT_TRUE(avoided(primary));
  now_ += 1ns;
  try_primary('s');
  try_primary('s');
  EXPECT_EQ(choose(), primary);
  EXPECT_EQ(choose(), backup) << "the success before the failure does not count";
}

TEST_F(DomainSelectorTest, BeginsWith30SecondsAgainOnceItWasClosed) {
  open(primary);
  now_ += 30s;
  try_primary('f');
  now_ += 60s;
  for (int i = 0; i < 3; ++i) try_primary('s');
  open(primary);
  now_ += 30s;
  EXPECT_FALSE(avoided(primary));
}

TEST_F(DomainSelectorTest, GivesBackThePlaceOfAnAbandonedTry) {
  open(primary);
  now_ += 30s;
  EXPECT_EQ(choose(), primary);
  selector_.abandoned(primary);
  EXPECT_EQ(choose(), primary);
}

TEST_F(DomainSelectorTest, IgnoresCallsThatWereOutWhenTheDomainOpened) {
  open(primary);
  end_calls(primary, "ssssffff");
  EXPECT_TRUE(avoided(primary));
  now_ += 30s;
  EXPECT_FALSE(avoided(primary));
  EXPECT_EQ(choose(), primary);
  EXPECT_EQ(choose(), backup);
}

TEST_F(DomainSelectorTest, UsesTheDomainThatComesBackFirstIfBothAreAvoided) {
  open(backup);
  now_ += 1s;
  open(primary);
  EXPECT_EQ(choose(), backup);
  EXPECT_TRUE(avoided(backup)) << "so that the caller goes slowly";
  EXPECT_EQ(choose_after_failing_on(backup), backup);
}

TEST_F(DomainSelectorTest, ClosesADomainThatWorksAlthoughBothWereAvoided) {
  open(primary);
  open(backup);
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(avoided(primary));
    try_primary('s');
  }
  EXPECT_FALSE(avoided(primary));
}

TEST_F(DomainSelectorTest, DoesNotAvoidADomainLongerForAFailureWhileBothAreAvoided) {
  open(primary);
  open(backup);
  try_primary('f');
  now_ += 30s;
  EXPECT_FALSE(avoided(primary));
}

TEST_F(DomainSelectorTest, StaysOnThePrimaryWithoutABackup) {
  selector_ = DomainSelector(false);
  open(primary);
  EXPECT_FALSE(avoided(primary));
  EXPECT_EQ(choose(), primary);
  EXPECT_EQ(choose_after_failing_on(primary), primary);
}

}  // namespace
}  // namespace couponsync
