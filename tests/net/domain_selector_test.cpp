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
  bool avoided(Domain domain) const { return selector_.is_avoided(domain, now_); }
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

TEST_F(DomainSelectorTest, TriesAgainEvery30SecondsHoweverLongAnOutageLasts) {
  open(primary);
  now_ += 30s;
  for (int i = 0; i < 20; ++i) {
    try_primary('f');
    now_ += 30s - 1ns;
    EXPECT_TRUE(avoided(primary));
    now_ += 1ns;
    EXPECT_FALSE(avoided(primary));
  }
}

TEST_F(DomainSelectorTest, AvoidsAFlappingDomainLongerAndLongerUpToFiveMinutes) {
  open(primary);
  now_ += 30s;
  for (const auto delay : {60s, 90s, 120s, 150s, 180s, 210s, 240s, 270s, 300s, 300s, 300s}) {
    for (int i = 0; i < 3; ++i) try_primary('s');
    now_ += 5s;
    open(primary);
    now_ += delay - 1ns;
    EXPECT_TRUE(avoided(primary));
    now_ += 1ns;
    EXPECT_FALSE(avoided(primary));
  }
}

TEST_F(DomainSelectorTest, LetsNoMoreCallsOutThanWouldOpenADomainThatJustFailed) {
  EXPECT_EQ(choose(), primary);
  end_calls(primary, "f");
  for (int i = 0; i < 4; ++i) EXPECT_EQ(choose(), primary);
  EXPECT_EQ(choose(), backup);
  selector_.succeeded(primary, now_);
  EXPECT_EQ(choose(), primary) << "it works after all";
}

TEST_F(DomainSelectorTest, OpensAgainIfASecondTryFails) {
  open(primary);
  now_ += 30s;
  try_primary('s');
  try_primary('f');
  now_ += 30s - 1ns;
  EXPECT_TRUE(avoided(primary));
  now_ += 1ns;
  try_primary('s');
  try_primary('s');
  EXPECT_EQ(choose(), primary);
  EXPECT_EQ(choose(), backup) << "the success before the failure does not count";
}

TEST_F(DomainSelectorTest, BeginsWith30SecondsAgainAMinuteAfterItClosed) {
  open(primary);
  now_ += 30s;
  for (int i = 0; i < 3; ++i) try_primary('s');
  now_ += 60s;
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

TEST_F(DomainSelectorTest, TriesTheDomainsInTurnWhileBothAreAvoided) {
  open(backup);
  EXPECT_FALSE(selector_.all_are_dead());
  open(primary);
  EXPECT_TRUE(selector_.all_are_dead());
  const Domain first = choose();
  const Domain second = choose();
  EXPECT_NE(first, second);
  EXPECT_EQ(choose(), first);
  EXPECT_TRUE(avoided(first)) << "so that the caller goes slowly";
}

TEST_F(DomainSelectorTest, ClosesADomainAtItsFirstSuccessWhenNothingWorked) {
  for (const Domain working : {primary, backup}) {
    selector_ = DomainSelector(true);
    open(primary);
    open(backup);
    now_ += 40s;
    EXPECT_TRUE(selector_.all_are_dead()) << "however long ago";
    while (selector_.all_are_dead()) {
      const Domain domain = selector_.choose_in_turn();
      end_calls(domain, domain == working ? "s" : "f");
    }
    EXPECT_FALSE(selector_.is_tripped(working));
    EXPECT_EQ(choose(), working);
    EXPECT_EQ(choose(), working) << "no longer one at a time";
  }
}

TEST_F(DomainSelectorTest, ClosesNoneForASuccessThatWasSentBeforeNothingWorked) {
  open(primary);
  open(backup);
  end_calls(primary, "s");
  EXPECT_TRUE(selector_.all_are_dead());
}

TEST_F(DomainSelectorTest, GoesOnWithDomainsThatAnswerNowAndThen) {
  for (const Domain domain : {primary, backup}) end_calls(domain, "sfsfsfsfsf");
  EXPECT_TRUE(selector_.is_tripped(primary));
  EXPECT_TRUE(selector_.is_tripped(backup));
  for (int i = 0; i < 50; ++i) {
    EXPECT_FALSE(selector_.all_are_dead());
    const Domain domain = choose();
    EXPECT_EQ(domain, primary);
    end_calls(domain, i % 2 == 0 ? "f" : "s");
  }
  EXPECT_EQ(choose_after_failing_on(primary), backup);
}

TEST_F(DomainSelectorTest, PrefersTheOneThatAnswersNowAndThenToTheDeadOne) {
  end_calls(backup, "sfsfsfsfsf");
  open(primary);
  EXPECT_FALSE(selector_.all_are_dead());
  for (int i = 0; i < 3; ++i) EXPECT_EQ(choose(), backup);
  EXPECT_EQ(choose_after_failing_on(backup), backup);
  end_calls(backup, "ffffff");
  EXPECT_TRUE(selector_.all_are_dead());
}

TEST_F(DomainSelectorTest, DoesNotAvoidADomainLongerForAFailureWhileBothAreAvoided) {
  open(primary);
  open(backup);
  for (int i = 0; i < 2; ++i) end_calls(choose(), "f");
  now_ += 30s;
  EXPECT_FALSE(avoided(primary));
  EXPECT_FALSE(avoided(backup));
}

TEST_F(DomainSelectorTest, StaysOnThePrimaryWithoutABackup) {
  selector_ = DomainSelector(false);
  open(primary);
  EXPECT_TRUE(selector_.all_are_dead());
  EXPECT_EQ(choose(), primary);
  EXPECT_EQ(choose_after_failing_on(primary), primary);
  EXPECT_EQ(selector_.choose_in_turn(), primary);
  selector_.succeeded(primary, now_);
  EXPECT_FALSE(avoided(primary)) << "one success is enough";
}

}  // namespace
}  // namespace couponsync
