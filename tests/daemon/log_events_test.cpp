#include "log_events.h"

#include "support/fake_env.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>

#include <sstream>

namespace couponsync::daemon {
namespace {

using std::chrono::seconds;
using testing::AllOf;
using testing::ContainsRegex;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

class LogEventsTest : public testing::Test {
 protected:
  LogEventsTest() {
    log_->set_pattern("%v");
    log_->set_level(spdlog::level::info);
  }
  /// What was logged at info or above since the last time.
  std::vector<std::string> lines() {
    std::istringstream text(out_.str());
    out_.str("");
    std::vector<std::string> found;
    for (std::string line; std::getline(text, line);) found.push_back(line);
    return found;
  }
  void pass(seconds time) {
    const SteadyTime until = env_.steady_now() + time;
    driver_.run(sleep(until));
  }
  Task<> sleep(SteadyTime until) { co_await env_.sleep_until(until); }
  static ListingKey listing(int number) { return {"wx1", Openid("o" + std::to_string(number)), "", "", ""}; }
  void fail(int number, const std::string& code = "NOT_FOUND") {
    const Failure why{.kind = FailureKind::not_found, .status = 404, .code = code};
    events_.listing_failed(listing(number), why, seconds(60));
  }

  std::ostringstream out_;
  std::shared_ptr<spdlog::logger> log_ =
      std::make_shared<spdlog::logger>("test", std::make_shared<spdlog::sinks::ostream_sink_mt>(out_));
  couponsync::test::FakeEnv env_;
  couponsync::test::Driver driver_{env_};
  std::string activity_;
  LogEvents events_{log_, env_, [this](const std::string& activity) { activity_ = activity; }};
};

TEST_F(LogEventsTest, TellAFailureOnce) {
  fail(1);
  EXPECT_THAT(lines(), ElementsAre(HasSubstr("failed, again in 60 s: NOT_FOUND, HTTP 404 NOT_FOUND")));
  for (int minute = 0; minute < 10; ++minute) {
    pass(seconds(60));
    fail(1);
  }
  EXPECT_THAT(lines(), IsEmpty());
}

TEST_F(LogEventsTest, TellAFailureAgainWhenItsCodeChangesOrItRecoveredMeanwhile) {
  fail(1);
  fail(1, "INVALID_REQUEST");
  EXPECT_THAT(lines(), SizeIs(2));
  events_.listing_completed(listing(1), {});
  fail(1, "INVALID_REQUEST");
  EXPECT_THAT(lines(), SizeIs(1));
  fail(2, "INVALID_REQUEST");
  EXPECT_THAT(lines(), SizeIs(1)) << "that is another listing";
}

TEST_F(LogEventsTest, OfManyThatFailForGoodAreAPageAndThenASummaryAMinute) {
  RunCounters counters;
  counters.listings_total = counters.listings_failed = 3'000;
  std::vector<std::size_t> a_minute;
  for (int minute = 0; minute < 5; ++minute) {
    for (int i = 0; i < 3'000; ++i) fail(i);
    events_.run_finished(RunTrigger::interval, counters);
    a_minute.push_back(lines().size());
    pass(seconds(60));
  }
  EXPECT_EQ(a_minute, (std::vector<std::size_t>{102, 1, 1, 1, 1}));
}

TEST_F(LogEventsTest, TellARunThatWasAskedForEachTime) {
  for (const RunTrigger trigger : {RunTrigger::start, RunTrigger::sighup, RunTrigger::once}) {
    events_.run_started(trigger, 5);
    events_.run_finished(trigger, {});
    EXPECT_THAT(lines(), SizeIs(2));
  }
}

TEST_F(LogEventsTest, TellRestartsOfTheSameListingsOnce) {
  const Failure why{.kind = FailureKind::repeated_page_token};
  for (int minute = 0; minute < 5; ++minute) {
    for (int i = 0; i < 10; ++i) {
      events_.listing_restarted(listing(i), why);
      events_.listing_failed(listing(i), why, seconds(60));
    }
    EXPECT_THAT(lines(), SizeIs(minute == 0 ? 20U : 0U)) << minute;
    pass(seconds(60));
  }
}

TEST_F(LogEventsTest, TellADomainThatComesAndGoesOnceAMinute) {
  const Failure why{.kind = FailureKind::server_error, .status = 502};
  for (int i = 0; i < 120; ++i) {
    events_.domain_tripped(Domain::primary, why);
    events_.domain_restored(Domain::primary);
    pass(seconds(1));
  }
  EXPECT_THAT(lines(), SizeIs(4)) << "twice, with its end";
}

TEST_F(LogEventsTest, TellAnOutageWhenItBeginsOnceAMinuteAndWhenItEnds) {
  const Failure why{.kind = FailureKind::server_error, .status = 502};
  events_.domain_tripped(Domain::primary, why);
  EXPECT_THAT(lines(), ElementsAre(HasSubstr("the primary domain is avoided")));
  events_.domain_tripped(Domain::backup, why);
  EXPECT_THAT(lines(), IsEmpty()) << "that is told as an outage";
  Pause pause{.cause = PauseCause::no_domain_works, .why = why, .lasted = seconds(3)};
  events_.sending_paused(pause);
  EXPECT_THAT(lines(),
              ElementsAre(ContainsRegex("nothing gets through since ..:..:.., no domain works, single calls "
                                        "try: SERVER_ERROR, HTTP 502; ")));
  EXPECT_THAT(activity_, HasSubstr("no domain works"));
  pause.lasted = seconds(63);
  events_.sending_paused(pause);
  EXPECT_THAT(lines(), ElementsAre(HasSubstr("for 1 min 3 s now: SERVER_ERROR")));
  pause.lasted = seconds(130);
  events_.sending_resumed(pause);
  events_.domain_restored(Domain::primary);
  EXPECT_THAT(lines(),
              ElementsAre("calls get through again, after 2 min 10 s", "the primary domain is back"));
}

TEST_F(LogEventsTest, TellALimitOnceAMinute) {
  const Failure reply{.kind = FailureKind::rate_limited, .status = 429};
  for (int i = 0; i < 120; ++i) {
    events_.rate_limited(listing(i), Domain::primary, reply);
    pass(seconds(1));
  }
  EXPECT_THAT(lines(), SizeIs(2));
}

TEST_F(LogEventsTest, NameAnOddityOnceWhateverTheListingThePlaceInAListAndTheSync) {
  events_.oddities_found(listing(1), {"user_coupon_list[3].stock.remark: a broken text",
                                      "user_coupon_list[4].stock.remark: a broken text",
                                      "user_coupon_list[12].a[0][7]: a broken text"});
  EXPECT_THAT(lines(), ElementsAre(AllOf(HasSubstr("listing " + Openid("o1").redacted()),
                                         HasSubstr("user_coupon_list[3].stock.remark: a broken text")),
                                   HasSubstr("user_coupon_list[12].a[0][7]: a broken text")));
  events_.run_started(RunTrigger::interval, 2);
  lines();
  events_.oddities_found(listing(2), {"user_coupon_list[0].stock.remark: a broken text",
                                      "user_coupon_list[0].a[1][1]: a broken text"});
  EXPECT_THAT(lines(), IsEmpty());
  events_.oddities_found(listing(2), {"user_coupon_list[0].stock.remark: expected a string, found a number"});
  EXPECT_THAT(lines(), SizeIs(1)) << "something else is wrong there";
}

TEST_F(LogEventsTest, DoNotGrowWithTheNamesARepliesMembersHave) {
  for (int i = 0; i < 5'000; ++i)
    events_.oddities_found(listing(1), {"user_coupon_list[0].x" + std::to_string(i) + ": what"});
  EXPECT_THAT(lines(), SizeIs(1'000));
}

TEST_F(LogEventsTest, NeverNameAnOpenid) {
  events_.oddities_found({"wx1", Openid("oh-394z-6CGkNoJrsDLTTUKiAnp4"), "", "", ""}, {"a: what"});
  for (const std::string& line : lines()) EXPECT_THAT(line, Not(HasSubstr("oh-394z")));
}

TEST_F(LogEventsTest, WarnSoonOfRepliesThatFailVerificationForWhateverReason) {
  using enum FailureKind;
  for (const FailureKind kind : {signature_wrong, signature_missing, reply_replayed, clock_skew}) {
    LogEvents events{log_, env_, [](const std::string&) {}};
    const Failure why{.kind = kind, .status = 200};
    for (int i = 0; i < 10; ++i) events.call_ended(Domain::primary, &why, seconds(0));
    EXPECT_THAT(lines(), ElementsAre(HasSubstr("10 of the last 10 replies failed verification")));
  }
}

}  // namespace
}  // namespace couponsync::daemon
