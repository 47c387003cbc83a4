#include "net/rate_controller.h"

#include "net/quota_simulation.h"

#include <gtest/gtest.h>

namespace couponsync {
namespace {

using namespace std::chrono_literals;
using test::fixed_window;
using test::no_quota;
using test::Quota;
using test::QuotaSimulation;
using test::Seconds;
using test::token_bucket;

// Against quotas: after two minutes to settle, five are measured.

struct QuotaCase {
  std::string name;
  Quota quota;
  double per_second;
  int callers = 32;
  Seconds latency{0.1};
};

void PrintTo(const QuotaCase& c, std::ostream* out) { *out << c.name; }

class RateControllerAgainst : public testing::TestWithParam<QuotaCase> {};

TEST_P(RateControllerAgainst, ReachesMostOfTheQuotaWithFewRefusals) {
  const QuotaCase& param = GetParam();
  QuotaSimulation simulation({.quota = param.quota, .callers = param.callers, .latency = param.latency});
  simulation.run_for(120s);
  simulation.run_for(300s);
  EXPECT_GE(simulation.accepted_per_second(), 0.85 * param.per_second);
  EXPECT_LE(simulation.refused_share(), 0.10);
  RecordProperty("percent_of_quota",
                 std::to_string(100 * simulation.accepted_per_second() / param.per_second));
  RecordProperty("percent_refused", std::to_string(100 * simulation.refused_share()));
}

INSTANTIATE_TEST_SUITE_P(
    Quotas, RateControllerAgainst,
    testing::Values(QuotaCase{"bucket_50", token_bucket(50, 50), 50},
                    QuotaCase{"shallow_bucket_50", token_bucket(50, 5), 50},
                    QuotaCase{"deep_bucket_50", token_bucket(50, 500), 50},
                    QuotaCase{"bucket_5", token_bucket(5, 5), 5},
                    QuotaCase{"bucket_300", token_bucket(300, 30), 300, 64},
                    QuotaCase{"slow_bucket_50", token_bucket(50, 50), 50, 128, Seconds(1)},
                    QuotaCase{"window_50_a_second", fixed_window(50, 1s), 50},
                    QuotaCase{"window_5_a_second", fixed_window(5, 1s), 5},
                    QuotaCase{"slow_window_50_a_second", fixed_window(50, 1s), 50, 128, Seconds(1)},
                    QuotaCase{"window_500_in_10_s", fixed_window(500, 10s), 50},
                    QuotaCase{"window_600_a_minute", fixed_window(600, 60s), 10},
                    QuotaCase{"window_6000_a_minute", fixed_window(6000, 60s), 100}),
    [](const auto& info) { return info.param.name; });

// From a cold start: twenty seconds are measured, of which two are needed to get to where the quota is.

class RateControllerFromAColdStart : public testing::TestWithParam<QuotaCase> {};

TEST_P(RateControllerFromAColdStart, UsesMostOfTheQuotaInTheFirstTwentySecondsWithFewRefusals) {
  const QuotaCase& param = GetParam();
  QuotaSimulation simulation({.quota = param.quota, .callers = param.callers, .latency = param.latency});
  simulation.run_for(20s);
  EXPECT_GE(simulation.accepted_per_second(), 0.88 * param.per_second);
  EXPECT_LE(simulation.refused_share(), 0.04);
}

INSTANTIATE_TEST_SUITE_P(Quotas, RateControllerFromAColdStart,
                         testing::Values(QuotaCase{"bucket_50", token_bucket(50, 50), 50, 32, 5ms},
                                         QuotaCase{"slow_bucket_50", token_bucket(50, 50), 50},
                                         QuotaCase{"shallow_bucket_50", token_bucket(50, 5), 50, 32, 5ms},
                                         QuotaCase{"slow_shallow_bucket_50", token_bucket(50, 5), 50},
                                         QuotaCase{"window_50_a_second", fixed_window(50, 1s), 50, 32, 5ms},
                                         QuotaCase{"slow_window_50_a_second", fixed_window(50, 1s), 50}),
                         [](const auto& info) { return info.param.name; });

TEST(RateController, ReachesItsMaximumWithoutAQuota) {
  QuotaSimulation simulation({.quota = no_quota(), .callers = 64});
  simulation.run_for(10s);
  simulation.run_for(60s);
  EXPECT_NEAR(simulation.accepted_per_second(), 400, 2);
  EXPECT_EQ(simulation.pace(), 400);
}

TEST(RateController, NeverSendsMoreThanTheMaximumAndItsBurst) {
  QuotaSimulation simulation({.options = {.max_requests_per_second = 100}, .quota = no_quota()});
  simulation.run_for(60s);
  EXPECT_LE(simulation.most_sent_within(1s), 105U);
  EXPECT_LE(simulation.most_sent_within(100ms), 15U);
  EXPECT_LE(simulation.most_sent_within(1ms), 6U);
}

TEST(RateController, SendsOneByOneAtASlowPace) {
  QuotaSimulation simulation(
      {.options = {.max_requests_per_second = 10, .start_requests_per_second = 10}, .quota = no_quota()});
  simulation.run_for(60s);
  EXPECT_EQ(simulation.most_sent_within(99ms), 1U);
}

/// A maximum below one call in five seconds is kept as exactly as any other.
class RateControllerMaximum : public testing::TestWithParam<double> {
 protected:
  void expect_kept(QuotaSimulation& simulation) const {
    const double maximum = GetParam();
    const Seconds span(200 / maximum);
    simulation.run_for(span);
    EXPECT_LE(simulation.pace(), maximum);
    const std::vector<SteadyTime>& sent = simulation.sent();
    EXPECT_LE(sent.size(), 201U);
    for (std::size_t i = 1; i < sent.size(); ++i)
      ASSERT_GE(Seconds(sent[i] - sent[i - 1]).count(), 1 / maximum - 1e-6) << i;
  }
};

TEST_P(RateControllerMaximum, IsKeptWhateverTheStart) {
  for (const double start : {GetParam() / 2, GetParam(), 20.0}) {
    QuotaSimulation simulation(
        {.options = {.max_requests_per_second = GetParam(), .start_requests_per_second = start},
         .quota = no_quota()});
    expect_kept(simulation);
    EXPECT_GE(simulation.sent().size(), 190U) << "and used";
  }
}

TEST_P(RateControllerMaximum, IsKeptWhileCallsAreRefused) {
  int calls = 0;
  for (const int accepted_of_ten : {0, 1, 5, 9}) {
    QuotaSimulation simulation({.options = {.max_requests_per_second = GetParam()},
                                .quota = [&](SteadyTime) { return calls++ % 10 < accepted_of_ten; }});
    expect_kept(simulation);
  }
}

TEST_P(RateControllerMaximum, IsKeptByWhatWasLearnedAtAHigherOne) {
  const LearnedRate learned{.requests_per_second = 80, .peak_requests_per_second = 90};
  QuotaSimulation simulation(
      {.options = {.max_requests_per_second = GetParam(), .learned = learned}, .quota = no_quota()});
  expect_kept(simulation);
}

INSTANTIATE_TEST_SUITE_P(Of, RateControllerMaximum, testing::Values(0.01, 0.1, 0.19, 0.2, 1.0),
                         [](const auto& info) {
                           return "per_1000_s_" + std::to_string(static_cast<int>(info.param * 1000 + 0.5));
                         });

TEST(RateController, KeepsToItsShareOfASmallQuota) {
  for (const double share : {0.1, 0.5}) {
    const LearnedRate learned{.requests_per_second = 0.5, .peak_requests_per_second = 0.5};
    QuotaSimulation simulation({.options = {.share = share, .learned = learned}, .quota = no_quota()});
    simulation.run_for(500s);
    EXPECT_LE(simulation.pace(), 0.5 * share + 1e-9);
    EXPECT_LE(simulation.accepted_per_second(), 0.5 * share + 1.0 / 500);
  }
}

TEST(RateController, StartsAtTheMaximumIfTheStartIsAboveIt) {
  const RateController controller({.max_requests_per_second = 5, .start_requests_per_second = 20},
                                  SteadyTime{});
  EXPECT_EQ(controller.requests_per_second(SteadyTime{}), 5);
}

TEST(RateController, DoublesEachSecondUntilTheFirstRefusals) {
  QuotaSimulation simulation({.options = {.start_requests_per_second = 5}, .quota = no_quota()});
  simulation.run_for(2s);
  EXPECT_GT(simulation.pace(), 5 * 2);
  EXPECT_LE(simulation.pace(), 5 * 4);
  simulation.run_for(2s);
  EXPECT_GT(simulation.pace(), 5 * 8);
  EXPECT_LE(simulation.pace(), 5 * 16);
}

TEST(RateController, DoesNotGrowWhileDemandIsBelowThePace) {
  QuotaSimulation simulation({.quota = no_quota(), .callers = 2, .pause = Seconds(0.4)});  // 4 a second
  simulation.run_for(120s);
  EXPECT_EQ(simulation.pace(), 20);
}

TEST(RateController, FindsAQuotaThatWasRaised) {
  int quota = 20;
  QuotaSimulation simulation(
      {.quota = [&quota, bucket20 = token_bucket(20, 20), bucket60 = token_bucket(60, 60)](
                    SteadyTime now) mutable { return quota == 20 ? bucket20(now) : bucket60(now); }});
  simulation.run_for(60s);
  EXPECT_LT(simulation.pace(), 25);
  quota = 60;
  simulation.run_for(60s);
  simulation.run_for(60s);
  EXPECT_GE(simulation.accepted_per_second(), 0.85 * 60);
}

TEST(RateController, KeepsToHalfOfTheQuotaItLearned) {
  for (const Quota& quota : {token_bucket(50, 50), fixed_window(50, 1s), fixed_window(3000, 60s)}) {
    QuotaSimulation simulation({.options = {.share = 0.5}, .quota = quota});
    simulation.run_for(120s);
    simulation.run_for(300s);
    EXPECT_LE(simulation.accepted_per_second(), 0.53 * 50);
    EXPECT_GE(simulation.accepted_per_second(), 0.4 * 50);
    EXPECT_EQ(simulation.refused_share(), 0);
  }
}

TEST(RateController, LooksForAHigherQuotaBeyondItsShareEveryTenMinutes) {
  bool raised = false;
  QuotaSimulation simulation(
      {.options = {.share = 0.5},
       .quota = [&raised, low = token_bucket(20, 20), high = token_bucket(80, 80)](SteadyTime now) mutable {
         return raised ? high(now) : low(now);
       }});
  simulation.run_for(120s);
  raised = true;
  simulation.run_for(360s);
  EXPECT_NEAR(simulation.accepted_per_second(), 10, 1.5);
  simulation.run_for(360s);
  simulation.run_for(120s);
  EXPECT_NEAR(simulation.accepted_per_second(), 40, 6);
}

TEST(RateController, DoesNotShrinkItsShareForTheOthersRefusals) {
  bool crowded = false;
  QuotaSimulation simulation(
      {.options = {.share = 0.5},
       .quota = [&crowded, ours = token_bucket(50, 50), rest = token_bucket(20, 20)](SteadyTime now) mutable {
         return crowded ? rest(now) : ours(now);
       }});
  simulation.run_for(120s);
  crowded = true;
  simulation.run_for(30s);
  simulation.run_for(120s);
  EXPECT_GE(simulation.accepted_per_second(), 0.85 * 20) << "all of what the others left";
  crowded = false;
  simulation.run_for(60s);
  simulation.run_for(60s);
  EXPECT_NEAR(simulation.accepted_per_second(), 25, 2) << "and its share again afterwards";
}

TEST(RateController, StartsWarmWithinItsShare) {
  QuotaSimulation simulation(
      {.options = {.share = 0.5,
                   .learned = LearnedRate{.requests_per_second = 50, .peak_requests_per_second = 50}},
       .quota = token_bucket(50, 50)});
  simulation.run_for(300s);
  EXPECT_NEAR(simulation.accepted_per_second(), 25, 0.5);
  EXPECT_EQ(simulation.refused_share(), 0);
}

}  // namespace
}  // namespace couponsync
