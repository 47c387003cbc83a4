#include "net/rate_controller.h"

#include <gtest/gtest.h>

#include <cmath>

namespace couponsync {
namespace {

using namespace std::chrono_literals;
using Seconds = std::chrono::duration<double>;

/// Replies one by one; rate_controller_test.cpp has it race against quotas.
class RateControllerRules : public testing::Test {
 protected:
  /// Sends as soon as it may and tells when.
  SteadyTime send() {
    now_ = std::max(now_, controller_.earliest_send(now_));
    controller_.sent(now_);
    return now_;
  }
  SteadyTime send_and_be_accepted() {
    const SteadyTime sent_at = send();
    now_ += 1ms;
    controller_.accepted(sent_at, now_);
    return sent_at;
  }
  SteadyTime send_and_be_refused() {
    const SteadyTime sent_at = send();
    now_ += 1ms;
    controller_.refused(sent_at, now_, std::nullopt);
    return sent_at;
  }
  void hold() {
    for (int i = 0; i < 20; ++i) send_and_be_accepted();
    for (int i = 0; i < 2; ++i) send_and_be_refused();
  }
  double pace() const { return controller_.requests_per_second(now_); }
  Seconds wait() const { return controller_.earliest_send(now_) - now_; }

  SteadyTime now_{1h};
  RateController controller_{{.max_requests_per_second = 20, .start_requests_per_second = 20}, now_};
};

TEST_F(RateControllerRules, SpacesCallsByThePace) {
  const SteadyTime first = send();
  const SteadyTime second = send();
  EXPECT_EQ(second - first, 50ms);
}

TEST_F(RateControllerRules, TakesALoneRefusalForNoise) {
  for (int i = 0; i < 100; ++i) send_and_be_accepted();
  send_and_be_refused();
  EXPECT_EQ(pace(), 20);
  for (int i = 0; i < 100; ++i) send_and_be_accepted();
  send_and_be_refused();
  EXPECT_EQ(pace(), 20);
}

TEST_F(RateControllerRules, CutsToBelowWhatWasAcceptedAtTheSecondRefusalIn100Calls) {
  for (int i = 0; i < 100; ++i) send_and_be_accepted();
  send_and_be_refused();
  for (int i = 0; i < 50; ++i) send_and_be_accepted();
  send_and_be_refused();
  EXPECT_NEAR(pace(), 0.93 * 20, 0.5);
}

TEST_F(RateControllerRules, AfterTheFirstCutMeasuresBeforeItCutsAgain) {
  for (int i = 0; i < 100; ++i) send_and_be_accepted();
  send_and_be_refused();
  send_and_be_accepted();
  send_and_be_refused();
  const double first = pace();
  EXPECT_LT(first, 20);
  const SteadyTime begin = now_;
  while (pace() >= first) {
    send_and_be_accepted();
    send_and_be_refused();
  }
  EXPECT_GE(now_ - begin, 400ms);
  EXPECT_NEAR(pace(), 0.93 * first / 2, 1.5) << "every second call was accepted";
}

TEST_F(RateControllerRules, AfterTheFirstCutGrowsByAQuarterEachSecond) {
  controller_ = RateController({.start_requests_per_second = 20}, now_);
  for (int i = 0; i < 100; ++i) send_and_be_accepted();
  send_and_be_refused();
  send_and_be_accepted();
  send_and_be_refused();
  const double first = pace();
  const SteadyTime begin = now_;
  while (now_ < begin + 3s) send_and_be_accepted();
  EXPECT_NEAR(pace() / first, std::pow(1.25, 3), 0.15);
}

TEST_F(RateControllerRules, CutsOnceForCallsThatWereOutAtTheCut) {
  for (int i = 0; i < 100; ++i) send_and_be_accepted();
  const SteadyTime first = send();
  const SteadyTime second = send();
  const SteadyTime third = send();
  now_ += 1ms;
  controller_.refused(first, now_, std::nullopt);
  controller_.refused(second, now_, std::nullopt);
  const double cut = pace();
  EXPECT_LT(cut, 20);
  controller_.refused(third, now_, std::nullopt);
  EXPECT_EQ(pace(), cut);
}

TEST_F(RateControllerRules, NeverPacesBelowOneCallInFiveSeconds) {
  for (int i = 0; i < 200; ++i) send_and_be_refused();
  EXPECT_GE(pace(), 0.2);
}

TEST_F(RateControllerRules, HalvesAtMostWhenTooLittleWasSentToMeasureTheQuota) {
  send_and_be_accepted();
  now_ += 1h;
  send_and_be_refused();
  send_and_be_refused();
  EXPECT_NEAR(pace(), 0.93 * 10, 0.01);
}

TEST_F(RateControllerRules, HoldsEverythingAfterTwoRefusalsInARow) {
  hold();
  EXPECT_EQ(wait(), 120ms);
}

TEST_F(RateControllerRules, DoesNotHoldWhenAReplyInBetweenWasAccepted) {
  for (int i = 0; i < 100; ++i) send_and_be_accepted();
  send_and_be_refused();
  send_and_be_accepted();
  send_and_be_refused();
  EXPECT_LT(wait(), 110ms);
}

TEST_F(RateControllerRules, ProbesOneAtATimeAndEverLaterUpToFourSeconds) {
  hold();
  for (const auto delay : {120ms, 240ms, 480ms, 960ms, 1920ms, 3840ms, 4000ms, 4000ms}) {
    EXPECT_EQ(wait(), delay);
    const SteadyTime probe = send();
    EXPECT_EQ(wait(), 50ms) << "to ask again while the probe is out";
    now_ += 10ms;
    controller_.refused(probe, now_, std::nullopt);
  }
}

TEST_F(RateControllerRules, GoesOnAtItsPaceAfterAnAcceptedProbe) {
  hold();
  const double before = pace();
  send_and_be_accepted();
  EXPECT_EQ(pace(), before);
  const SteadyTime first = send();
  const SteadyTime second = send();
  EXPECT_NEAR(Seconds(second - first).count(), 1 / before, 1e-6);
}

TEST_F(RateControllerRules, CountsALongHoldIntoTheQuota) {
  for (int i = 0; i < 200; ++i) send_and_be_accepted();  // 10 s
  for (int i = 0; i < 2; ++i) send_and_be_refused();
  const SteadyTime held = now_;
  while (now_ - held < 10s) send_and_be_refused();
  send_and_be_accepted();
  EXPECT_NEAR(pace(), 0.97 * 200 / Seconds(now_ - SteadyTime(1h)).count(), 0.2);
}

TEST_F(RateControllerRules, IsNotStuckWhenAProbeStaysUnanswered) {
  hold();
  const SteadyTime probe = send();
  now_ += 20s;
  controller_.unanswered(probe, now_);
  EXPECT_EQ(wait(), 120ms);
  send_and_be_accepted();
  EXPECT_NEAR(Seconds(wait()).count(), 1 / pace(), 1e-6) << "the pace again, no hold";
}

TEST_F(RateControllerRules, LetsOnlyTheProbeEndAHold) {
  for (int i = 0; i < 20; ++i) send_and_be_accepted();
  const SteadyTime early = send();
  for (int i = 0; i < 2; ++i) send_and_be_refused();
  controller_.accepted(early, now_);
  EXPECT_EQ(wait(), 120ms);
  controller_.unanswered(early, now_);
  EXPECT_EQ(wait(), 120ms);
}

TEST_F(RateControllerRules, SendsNothingBeforeRetryAfter) {
  for (int i = 0; i < 20; ++i) send_and_be_accepted();
  const SteadyTime sent_at = send();
  controller_.refused(sent_at, now_, 7s);
  EXPECT_EQ(wait(), 7s);
  controller_.refused(sent_at, now_, 2s);
  EXPECT_EQ(wait(), 7s) << "the later one holds";
  hold();
  const SteadyTime probe = send();
  controller_.refused(probe, now_, 60s);
  EXPECT_EQ(wait(), 60s) << "nor a probe";
}

TEST_F(RateControllerRules, HonoursAMinuteOfRetryAfterAtMost) {
  for (const std::chrono::milliseconds asked : {60'000ms, 60'001ms, 3'600'000ms, 86'400'000ms}) {
    controller_ = RateController({}, now_);
    const SteadyTime sent_at = send();
    controller_.refused(sent_at, now_, asked);
    EXPECT_EQ(wait(), 60s) << asked.count();
    EXPECT_EQ(controller_.paused_until(now_), now_ + 60s);
    now_ += 60s;
    EXPECT_FALSE(controller_.paused_until(now_));
  }
}

TEST_F(RateControllerRules, AReconfigurationNeitherForgetsAPauseNorLengthensIt) {
  const SteadyTime sent_at = send();
  controller_.refused(sent_at, now_, 40s);
  now_ += 10s;
  for (int i = 0; i < 5; ++i) {
    controller_.reconfigure({.max_requests_per_second = 10.0 + i, .start_requests_per_second = 10}, now_);
    EXPECT_EQ(wait(), 30s);
  }
}

TEST_F(RateControllerRules, AReconfigurationIsNoWayAroundTheMaximum) {
  const RateOptions slow{.max_requests_per_second = 0.1, .start_requests_per_second = 0.1};
  controller_ = RateController(slow, now_);
  send();
  for (int i = 0; i < 5; ++i) {
    now_ += 1s;
    controller_.reconfigure(slow, now_);
    EXPECT_EQ(wait(), 10s - (i + 1) * 1s) << i;
  }
}

TEST_F(RateControllerRules, TellsSinceWhenEverythingIsHeld) {
  EXPECT_FALSE(controller_.held_since());
  hold();
  const SteadyTime since = now_;
  for (int i = 0; i < 5; ++i) send_and_be_refused();
  EXPECT_EQ(controller_.held_since(), since);
  send_and_be_accepted();
  EXPECT_FALSE(controller_.held_since());
}

TEST_F(RateControllerRules, StartsWarmAtNineTenthsOfWhatItLearned) {
  const RateController warm(
      {.learned = LearnedRate{.requests_per_second = 50, .peak_requests_per_second = 55}}, now_);
  EXPECT_NEAR(warm.requests_per_second(now_), 45, 1e-9);
}

TEST_F(RateControllerRules, HasLearnedNothingBeforeTheFirstCut) {
  for (int i = 0; i < 200; ++i) send_and_be_accepted();
  EXPECT_FALSE(controller_.learned(now_));
}

TEST_F(RateControllerRules, RemembersForTheNextStart) {
  for (int i = 0; i < 200; ++i) send_and_be_accepted();
  send_and_be_refused();
  send_and_be_accepted();
  send_and_be_refused();
  now_ += 90s;
  const std::optional<LearnedRate> learned = controller_.learned(now_);
  ASSERT_TRUE(learned);
  EXPECT_EQ(learned->requests_per_second, pace());
  EXPECT_GT(learned->peak_requests_per_second, learned->requests_per_second);
  EXPECT_EQ(learned->since_cut, 90s);
  const RateController next({.learned = learned}, now_);
  EXPECT_NEAR(next.requests_per_second(now_), 0.9 * pace(), 1e-9);
  EXPECT_EQ(next.learned(now_)->since_cut, 90s);
}

TEST_F(RateControllerRules, RemembersTheWholeQuotaWhateverItsShare) {
  const LearnedRate whole{.requests_per_second = 80, .peak_requests_per_second = 80};
  const RateController half({.share = 0.5, .learned = whole}, now_);
  EXPECT_NEAR(half.requests_per_second(now_), 0.9 * 40, 1e-9);
  EXPECT_NEAR(half.learned(now_)->peak_requests_per_second, 80, 1e-9);
}

}  // namespace
}  // namespace couponsync
