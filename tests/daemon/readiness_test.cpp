#include "readiness.h"

#include "database_progress.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace couponsync::daemon {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const Failure kRefused{.kind = FailureKind::credentials_refused, .status = 401, .code = "SIGN_ERROR"};
const Failure kFull{.kind = FailureKind::mirror_unwritable, .detail = "disk full"};
const Failure kPassing{.kind = FailureKind::server_error, .status = 502};

TEST(Readiness, HasNoObstaclesAtFirst) { EXPECT_THAT(Readiness().obstacles(), IsEmpty()); }

TEST(Readiness, SaysInWordsWhySendingIsStoppedUntilACallIsAccepted) {
  Readiness readiness;
  readiness.sending_stopped(kRefused, seconds(60));
  EXPECT_TRUE(readiness.sending_is_stopped());
  EXPECT_THAT(readiness.obstacles(),
              ElementsAre(HasSubstr("refuses this brand's calls: CREDENTIALS_REFUSED, HTTP 401 SIGN_ERROR; "
                                    "check brand_id")));
  readiness.call_started(Domain::primary);
  readiness.call_ended(Domain::primary, &kRefused, seconds(1));
  EXPECT_TRUE(readiness.sending_is_stopped()) << "the probe was refused as well";
  readiness.call_ended(Domain::primary, &kPassing, seconds(1));
  EXPECT_TRUE(readiness.sending_is_stopped()) << "what breaks off shows nothing";
  readiness.refusal_over();
  EXPECT_FALSE(readiness.sending_is_stopped());
  EXPECT_THAT(readiness.obstacles(), IsEmpty());
}

TEST(Readiness, SaysInWordsWhyWritingIsStoppedUntilItIsResumed) {
  Readiness readiness;
  readiness.writing_stopped(kFull, seconds(30));
  EXPECT_THAT(readiness.obstacles(), ElementsAre(HasSubstr("takes no rows: MIRROR_UNWRITABLE: disk full; ")));
  readiness.call_ended(Domain::primary, nullptr, seconds(1));
  EXPECT_TRUE(readiness.writing_is_stopped());
  readiness.writing_resumed();
  EXPECT_FALSE(readiness.writing_is_stopped());
}

TEST(Readiness, SaysInWordsWhatHoldsAllCallsBackUntilItIsOver) {
  Readiness readiness;
  const Failure limit{.kind = FailureKind::rate_limited, .status = 429};
  readiness.sending_paused({.cause = PauseCause::too_fast, .why = limit, .until = 1'750'000'000});
  EXPECT_THAT(readiness.obstacles(), ElementsAre(testing::ContainsRegex(
                                         "nothing is sent until ..:..:.., WeChat Pay asks for a pause: "
                                         "RATE_LIMITED, HTTP 429; ")));
  readiness.sending_paused({.cause = PauseCause::no_domain_works, .why = kPassing});
  EXPECT_THAT(readiness.obstacles(),
              ElementsAre(HasSubstr("no domain works"), HasSubstr("nothing is sent until")));
  EXPECT_THAT(readiness.pauses(), HasSubstr("SERVER_ERROR, HTTP 502; nothing is sent until"));
  readiness.call_ended(Domain::primary, nullptr, seconds(1));
  EXPECT_EQ(readiness.obstacles().size(), 2U) << "a single try is no end";
  readiness.sending_resumed({.cause = PauseCause::no_domain_works});
  readiness.sending_resumed({.cause = PauseCause::too_fast});
  EXPECT_THAT(readiness.obstacles(), IsEmpty());
  EXPECT_EQ(readiness.pauses(), "");
}

TEST(Readiness, EndsWithTheService) {
  Readiness readiness;
  readiness.stopping();
  EXPECT_THAT(readiness.obstacles(), ElementsAre("the service is stopping"));
}

constexpr SteadyTime kStart{std::chrono::hours(5)};

TEST(DatabaseProgress, IsNotStuckWhileJobsAreCompletedOrNoneWaits) {
  DatabaseProgress progress;
  for (int i = 0; i < 10; ++i)
    EXPECT_EQ(progress.stuck_for({3, static_cast<std::uint64_t>(i)}, kStart + i * seconds(100)), seconds(0));
  for (int i = 10; i < 20; ++i) EXPECT_EQ(progress.stuck_for({0, 9}, kStart + i * seconds(100)), seconds(0));
}

TEST(DatabaseProgress, IsNotStuckWhileItWaitsForAnotherProgramsLock) {
  DatabaseProgress progress;
  const SteadyTime start{};
  const WriterProgress waits{.pending = 3, .completed = 7, .lock_wait = std::chrono::milliseconds(1)};
  for (int second = 0; second < 100; ++second)
    EXPECT_EQ(progress.stuck_for(waits, start + std::chrono::seconds(second)), std::chrono::seconds(0));
  const WriterProgress hangs{.pending = 3, .completed = 7};
  EXPECT_EQ(progress.stuck_for(hangs, start + std::chrono::seconds(160)), std::chrono::seconds(61));
}

TEST(DatabaseProgress, TellsForHowLongAJobHasWaited) {
  DatabaseProgress progress;
  progress.stuck_for({0, 5}, kStart);
  EXPECT_EQ(progress.stuck_for({1, 5}, kStart + seconds(1'000)), seconds(0)) << "it may have come just now";
  EXPECT_EQ(progress.stuck_for({1, 5}, kStart + seconds(1'030)), seconds(30));
  EXPECT_EQ(progress.stuck_for({7, 5}, kStart + seconds(1'090)), seconds(90));
  EXPECT_EQ(progress.stuck_for({7, 6}, kStart + seconds(1'091)), seconds(0));
  EXPECT_EQ(progress.stuck_for({7, 6}, kStart + seconds(1'101)), seconds(10));
  EXPECT_EQ(progress.stuck_for({0, 13}, kStart + seconds(1'102)), seconds(0));
}

}  // namespace
}  // namespace couponsync::daemon
