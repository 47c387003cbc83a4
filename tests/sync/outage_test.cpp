#include "sync/scheduler_fixture.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <gmock/gmock.h>

#include <algorithm>
#include <functional>

namespace couponsync::test {
namespace {

using Instead = std::optional<Result<HttpReply>>;
using std::chrono::milliseconds;
using std::chrono::seconds;

Failure connect_failure() {
  Failure failure;
  failure.kind = FailureKind::connect_failed;
  return failure;
}

/// Both domains down from some time on, for a while.
class OutageTest : public SyncTest {
 protected:
  OutageTest() {
    world_.populate(100, [](int) { return 1; });
    world_.api.fault = [this](std::size_t, const SeenCall& call) -> Instead {
      const auto at = call.at - start_;
      if (at >= from_ && at < from_ + lasts_) return connect_failure();
      return std::nullopt;
    };
  }
  std::size_t calls_between(seconds from, seconds to) const {
    return static_cast<std::size_t>(std::ranges::count_if(world_.api.calls, [&](const SeenCall& call) {
      return call.at >= start_ + from && call.at < start_ + to;
    }));
  }

  World world_{path_};
  SteadyTime start_ = world_.env.steady_now();
  std::chrono::nanoseconds from_ = seconds(0);
  std::chrono::nanoseconds lasts_ = seconds(30);
};

TEST_F(OutageTest, OfBothDomainsFor30SecondsCostsFewCallsAndNoListing) {
  const OnceReport report = world_.once();
  EXPECT_EQ(report.counters.listings_ok, 100);
  EXPECT_LE(calls_between(seconds(1), seconds(30)), 16U) << "single calls, one every 2 s at last";
  EXPECT_GE(calls_between(seconds(20), seconds(30)), 4U);
  EXPECT_LE(world_.env.elapsed(), seconds(40));
  EXPECT_TRUE(world_.events.failures.empty());
}

TEST_F(OutageTest, InTheMiddleOfARunHoldsEverythingBackUntilItIsOver) {
  from_ = milliseconds(300);
  const OnceReport report = world_.once();
  EXPECT_EQ(report.counters.listings_ok, 100);
  EXPECT_LE(calls_between(seconds(2), seconds(30)), 15U);
}

TEST_F(OutageTest, ThatLastsIsGivenUpByAOnceAfter40SecondsAsAWhole) {
  lasts_ = std::chrono::hours(1);
  const OnceReport report = world_.once();
  EXPECT_EQ(report.counters.listings_failed, 100);
  ASSERT_TRUE(report.stopped_by);
  EXPECT_EQ(report.stopped_by->kind, FailureKind::connect_failed);
  EXPECT_GE(world_.env.elapsed(), seconds(40));
  EXPECT_LE(world_.env.elapsed(), seconds(45));
  EXPECT_LE(world_.api.calls.size(), 60U) << "not one call a listing";
  EXPECT_TRUE(world_.events.failures.empty()) << "nobody is told of single listings";
  EXPECT_EQ(query_one(path_, "SELECT count(*) FROM listing WHERE failures > 0 OR last_error IS NOT NULL"),
            "0");
  EXPECT_EQ(query_one(path_, "SELECT listings_failed FROM sync_run WHERE finished_at IS NOT NULL"), "100");
}

TEST_F(OutageTest, ThatBeginsInTheMiddleKeepsWhatAOnceHasRead) {
  from_ = seconds(3);
  lasts_ = std::chrono::hours(1);
  world_.rate = RateController({10, 10, 1.0}, world_.env.steady_now());
  const OnceReport report = world_.once();
  EXPECT_GE(report.counters.listings_ok, 25);
  EXPECT_EQ(report.counters.listings_ok + report.counters.listings_failed, 100);
  EXPECT_EQ(std::to_string(mirrored_coupons(path_).size()),
            query_one(path_, "SELECT count(*) FROM listing WHERE last_completed_at IS NOT NULL"));
  EXPECT_EQ(query_one(path_, "SELECT count(*) FROM listing WHERE failures > 0"), "0");
}

/// Whatever the outage looks like, and however few listings there are to see it: it is no listing's failure.
struct Scene {
  const char* name;
  int users;
  int concurrency;
  std::function<Instead()> failure;
};

void PrintTo(const Scene& scene, std::ostream* out) { *out << scene.name; }

class EachOutage : public SyncTest, public testing::WithParamInterface<Scene> {};

TEST_P(EachOutage, IsTheServicesPauseAndNoListingsFailure) {
  const Scene& scene = GetParam();
  for (const bool has_backup : {true, false}) {
    for (const bool ends : {true, false}) {
      const std::filesystem::path path =
          folder_.path() / ((has_backup ? "two" : "one") + std::string(ends ? "-ends" : "-lasts"));
      World world(path);
      *world.domains = DomainSelector(has_backup);
      world.populate(scene.users, [](int) { return 1; });
      world.api.fault = [&](std::size_t, const SeenCall&) -> Instead {
        if (ends && world.env.elapsed() >= seconds(25)) return std::nullopt;
        return scene.failure();
      };
      const OnceReport report = world.once(scene.concurrency);
      EXPECT_EQ(report.counters.listings_ok, ends ? scene.users : 0);
      EXPECT_EQ(report.stopped_by.has_value(), !ends);
      EXPECT_TRUE(world.events.failures.empty());
      EXPECT_EQ(query_one(path, "SELECT sum(failures) FROM listing"), "0");
      EXPECT_LE(world.env.elapsed(), seconds(ends ? 32 : 60));
      EXPECT_EQ(world.events.resumptions.size(), ends ? 1U : 0U);
    }
  }
}

Instead with_kind(FailureKind kind) {
  Failure failure;
  failure.kind = kind;
  return failure;
}

INSTANTIATE_TEST_SUITE_P(
    Of, EachOutage,
    testing::Values(
        Scene{"resolve_failed", 40, 16, [] { return with_kind(FailureKind::resolve_failed); }},
        Scene{"connection_lost", 40, 1, [] { return with_kind(FailureKind::connection_lost); }},
        Scene{"html_502", 40, 16, [] { return FakeWechatPay::error_reply(502, ""); }},
        Scene{"html_502_one_at_a_time", 40, 1, [] { return FakeWechatPay::error_reply(502, ""); }},
        Scene{"html_502_of_two", 2, 16, [] { return FakeWechatPay::error_reply(502, ""); }},
        Scene{"html_502_of_the_only_one", 1, 16, [] { return FakeWechatPay::error_reply(502, ""); }},
        Scene{"system_error", 40, 16, [] { return FakeWechatPay::error_reply(500, "SYSTEM_ERROR"); }},
        Scene{"system_error_one_at_a_time", 40, 1,
              [] { return FakeWechatPay::error_reply(500, "SYSTEM_ERROR"); }},
        Scene{"stale_connections", 40, 16, [] { return with_kind(FailureKind::connection_stale); }}),
    [](const auto& info) { return std::string(info.param.name); });

TEST_F(SyncTest, AClockThatIsOffByMinutesIsTheServicesPauseAndNoListingsFailure) {
  World world(path_);
  world.populate(40, [](int) { return 1; });
  world.api.fault = [&](std::size_t, const SeenCall& call) -> Instead {
    if (world.env.elapsed() >= seconds(25)) return std::nullopt;
    return world.api.signed_reply(world.api.page_for(call).body,
                                  world.env.wall_now() - std::chrono::minutes(10));
  };
  const OnceReport report = world.once();
  EXPECT_EQ(report.counters.listings_ok, 40);
  EXPECT_TRUE(world.events.failures.empty());
  ASSERT_FALSE(world.events.pauses.empty());
  EXPECT_EQ(world.events.pauses[0].why.kind, FailureKind::clock_skew);
}

TEST_F(OutageTest, InWhichEverySecondCallGetsThroughFailsNoListing) {
  world_.api.fault = [](std::size_t n, const SeenCall&) -> Instead {
    if (n % 2 == 0) return FakeWechatPay::error_reply(502, "");
    return std::nullopt;
  };
  const OnceReport report = world_.once();
  EXPECT_EQ(report.counters.listings_ok, 100);
  EXPECT_TRUE(world_.events.failures.empty());
  EXPECT_TRUE(world_.events.pauses.empty()) << "it is no pause";
  EXPECT_LE(world_.env.elapsed(), seconds(30));
}

TEST_F(OutageTest, ThatIsOneUsersAloneFailsThatUserAlone) {
  for (const int concurrency : {1, 2, 16}) {
    SCOPED_TRACE(concurrency);
    const std::filesystem::path path = folder_.path() / std::to_string(concurrency);
    World world(path);
    world.populate(100, [](int) { return 1; });
    world.api.fault = [](std::size_t, const SeenCall& call) -> Instead {
      if (call.openid == "o50") return FakeWechatPay::error_reply(502, "");
      return std::nullopt;
    };
    const OnceReport report = world.once(concurrency);
    EXPECT_EQ(report.counters.listings_ok, 99);
    EXPECT_FALSE(report.stopped_by);
    EXPECT_EQ(query_one(path, "SELECT group_concat(openid) FROM listing WHERE failures > 0"), "o50");
    EXPECT_TRUE(world.events.pauses.empty());
    EXPECT_TRUE(world.events.avoided.empty()) << "no domain is to blame";
  }
}

TEST_F(OutageTest, WithHangingCallsIsNoticedToBeOverAllTheSame) {
  // Each call of the outage takes 20 s to fail.
  world_.api.latency_of = [this](const SeenCall& call) {
    const auto at = call.at - start_;
    return at < seconds(60) ? seconds(20) : seconds(0);
  };
  world_.api.fault = [this](std::size_t, const SeenCall& call) -> Instead {
    if (call.at - start_ < seconds(60)) return with_kind(FailureKind::timed_out);
    return std::nullopt;
  };
  const OnceReport report = world_.first_pass();
  EXPECT_EQ(report.counters.listings_ok, 100);
  EXPECT_GE(calls_between(seconds(60), seconds(62)), 80U) << "all but those whose calls still hang";
  EXPECT_LE(world_.env.elapsed(), seconds(81)) << "the last of those hangs until then";
  EXPECT_TRUE(world_.events.failures.empty());
}

TEST_F(OutageTest, OfTheOnlyDomainIsWaitedForAsWell) {
  *world_.domains = DomainSelector(false);
  const OnceReport report = world_.once();
  EXPECT_EQ(report.counters.listings_ok, 100);
  EXPECT_LE(calls_between(seconds(1), seconds(30)), 16U);
}

TEST_F(OutageTest, OfOneDomainCostsAHandfulOfCallsThere) {
  world_.api.fault = [](std::size_t, const SeenCall& call) -> Instead {
    if (call.domain == Domain::primary) return connect_failure();
    return std::nullopt;
  };
  const OnceReport report = world_.once();
  EXPECT_EQ(report.counters.listings_ok, 100);
  EXPECT_EQ(std::ranges::count(world_.api.calls, Domain::primary, &SeenCall::domain), 5);
}

/// The service while there is always something due.
class PrimaryOutageTest : public SchedulerTest {
 protected:
  void run_until(std::chrono::seconds end) {
    world_->rate = RateController({5, 5, 1.0}, world_->env.steady_now());
    world_->interval = seconds(2);
    world_->api.fault = [this](std::size_t, const SeenCall& call) -> Instead {
      if (call.domain == Domain::primary && is_down_(call.at - world_begin_)) return connect_failure();
      return std::nullopt;
    };
    start(10);
    run_for(end);
    EXPECT_TRUE(world_->events.failures.empty());
  }
  std::size_t calls(Domain domain, seconds from, seconds to) const {
    return static_cast<std::size_t>(std::ranges::count_if(world_->api.calls, [&](const SeenCall& call) {
      return call.domain == domain && call.at >= world_begin_ + from && call.at < world_begin_ + to;
    }));
  }

  std::function<bool(std::chrono::nanoseconds since_start)> is_down_;
};

TEST_F(PrimaryOutageTest, IsNoticedToBeOverWithinAMinute) {
  is_down_ = [](auto since_start) { return since_start < seconds(200); };
  run_until(seconds(300));
  EXPECT_LE(calls(Domain::primary, seconds(0), seconds(200)), 5U + 200U / 30U)
      << "five, and a try every 30 s";
  EXPECT_EQ(calls(Domain::backup, seconds(260), seconds(300)), 0U) << "all traffic is back";
  EXPECT_GT(calls(Domain::primary, seconds(260), seconds(300)), 150U);
  EXPECT_THAT(world_->events.avoided, testing::ElementsAre(Domain::primary)) << "said once";
  EXPECT_THAT(world_->events.back, testing::ElementsAre(Domain::primary)) << "said once";
}

TEST_F(PrimaryOutageTest, ThatComesAndGoesEveryFiveSecondsIsNotFollowed) {
  is_down_ = [](auto since_start) { return since_start % seconds(10) >= seconds(5); };
  run_until(seconds(400));
  EXPECT_LE(world_->events.avoided.size(), 8U) << "it went down 40 times";
}

TEST_F(OutageTest, MayBeLeftByCancelling) {
  lasts_ = std::chrono::hours(1);
  const std::unique_ptr<Scheduler> scheduler = world_.make_scheduler(world_.plan());
  boost::asio::cancellation_signal cancel;
  bool ended = false;
  boost::asio::co_spawn(
      world_.env.context(), scheduler->once({}),
      boost::asio::bind_cancellation_slot(
          cancel.slot(), [&](const std::exception_ptr&, const OnceReport&) { ended = true; }));
  world_.driver.run_until([&] { return world_.env.elapsed() >= seconds(20); });
  EXPECT_FALSE(ended);
  cancel.emit(boost::asio::cancellation_type::terminal);
  world_.driver.run_until([&] { return ended; });
  EXPECT_LT(world_.env.elapsed(), seconds(26)) << "at once, not at the next try";
}

}  // namespace
}  // namespace couponsync::test
