#include "sync/sync_fixture.h"

namespace couponsync::test {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

class SendingPauseTest : public testing::Test {
 protected:
  void pass(seconds time) {
    const SteadyTime until = env_.steady_now() + time;
    driver_.run(sleep(until));
  }
  Task<> sleep(SteadyTime until) { co_await env_.sleep_until(until); }

  FakeEnv env_;
  Driver driver_{env_};
  RecordingEvents events_;
  SendingPause pause_{env_, events_};
  Failure down_{.kind = FailureKind::server_error, .status = 502};
  Failure limit_{.kind = FailureKind::rate_limited, .status = 429};
};

TEST_F(SendingPauseTest, IsToldAfterSomeSecondsThenOnceAMinuteThenWhenItIsOver) {
  for (int second = 0; second < 190; second += 2) {
    pause_.no_domain_works(down_);
    pass(seconds(2));
  }
  EXPECT_EQ(events_.pauses.size(), 4U);
  EXPECT_EQ(events_.pauses[0].lasted, seconds(4));
  EXPECT_EQ(events_.pauses[1].lasted, seconds(64));
  EXPECT_TRUE(pause_.is_told());
  pause_.over(PauseCause::no_domain_works);
  ASSERT_EQ(events_.resumptions.size(), 1U);
  EXPECT_EQ(events_.resumptions[0].lasted, seconds(190));
  EXPECT_FALSE(pause_.is_told());
  pause_.over(PauseCause::no_domain_works);
  EXPECT_EQ(events_.resumptions.size(), 1U);
}

TEST_F(SendingPauseTest, ThatWasTooShortToBeToldHasNoEndEither) {
  pause_.no_domain_works(down_);
  pass(seconds(2));
  pause_.no_domain_works(down_);
  pause_.over(PauseCause::no_domain_works);
  EXPECT_TRUE(events_.pauses.empty());
  EXPECT_TRUE(events_.resumptions.empty());
}

TEST_F(SendingPauseTest, WhoseEndIsKnownIsToldAtOnceAndOnceForCallsThatWereOutTogether) {
  const UnixSeconds now = to_unix_seconds(env_.wall_now());
  for (int i = 0; i < 30; ++i) {
    pause_.too_fast(limit_, env_.steady_now() + seconds(60) + std::chrono::milliseconds(10 * i));
  }
  ASSERT_EQ(events_.pauses.size(), 1U);
  EXPECT_EQ(events_.pauses[0].until, now + 60);
  EXPECT_EQ(events_.pauses[0].why.status, 429);
  pass(seconds(30));
  pause_.too_fast(limit_, env_.steady_now() + seconds(60));
  ASSERT_EQ(events_.pauses.size(), 2U) << "its end moved";
  EXPECT_EQ(events_.pauses[1].until, now + 90);
}

TEST_F(SendingPauseTest, OfAQuotaThatIsUsedUpIsToldWhenItIsLongerThanAMinutes) {
  for (int second = 0; second < 74; second += 4) {
    pause_.too_fast(limit_, std::nullopt);
    pass(seconds(4));
  }
  EXPECT_TRUE(events_.pauses.empty());
  pause_.too_fast(limit_, std::nullopt);
  EXPECT_EQ(events_.pauses.size(), 1U);
}

TEST_F(SendingPauseTest, OfOneCauseIsNotEndedByTheOther) {
  pause_.no_domain_works(down_);
  pass(seconds(5));
  pause_.no_domain_works(down_);
  pause_.too_fast(limit_, env_.steady_now() + seconds(60));
  pause_.over(PauseCause::no_domain_works);
  EXPECT_TRUE(pause_.is_told());
  ASSERT_EQ(events_.resumptions.size(), 1U);
  EXPECT_EQ(events_.resumptions[0].cause, PauseCause::no_domain_works);
}

TEST_F(SendingPauseTest, KnowsHowLongItWasWhateverTheWallClockShows) {
  pause_.no_domain_works(down_);
  pass(seconds(5));
  env_.set_wall_clock(-std::chrono::hours(8));
  pause_.no_domain_works(down_);
  EXPECT_EQ(events_.pauses.at(0).lasted, seconds(5));
}

}  // namespace
}  // namespace couponsync::test
