#include "sync/sync_fixture.h"

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
  const RunReport report = world_.once();
  EXPECT_EQ(report.counters.listings_ok, 100);
  EXPECT_LE(calls_between(seconds(1), seconds(30)), 10U) << "one call at a time, every 5 s at last";
  EXPECT_GE(calls_between(seconds(20), seconds(30)), 2U);
  EXPECT_LE(world_.env.elapsed(), seconds(45));
}

TEST_F(OutageTest, InTheMiddleOfARunHoldsEverythingBackUntilItIsOver) {
  from_ = milliseconds(300);
  const RunReport report = world_.once();
  EXPECT_EQ(report.counters.listings_ok, 100);
  EXPECT_LE(calls_between(seconds(2), seconds(30)), 10U);
}

TEST_F(OutageTest, ThatLastsFailsEveryListingAfter40SecondsWithWhatTheLastTryMet) {
  lasts_ = std::chrono::hours(1);
  const RunReport report = world_.once();
  EXPECT_EQ(report.counters.listings_failed, 100);
  EXPECT_LE(world_.env.elapsed(), seconds(60));
  EXPECT_LE(world_.api.calls.size(), 60U) << "not one call a listing";
  EXPECT_EQ(query_one(path_, "SELECT group_concat(DISTINCT last_error_code) FROM listing"), "CONNECT_FAILED");
}

TEST_F(OutageTest, OfTheOnlyDomainIsWaitedForAsWell) {
  world_.domains = DomainSelector(false);
  const RunReport report = world_.once();
  EXPECT_EQ(report.counters.listings_ok, 100);
  EXPECT_LE(calls_between(seconds(1), seconds(30)), 10U);
}

TEST_F(OutageTest, OfOneDomainCostsAHandfulOfCallsThere) {
  world_.api.fault = [](std::size_t, const SeenCall& call) -> Instead {
    if (call.domain == Domain::primary) return connect_failure();
    return std::nullopt;
  };
  const RunReport report = world_.once();
  EXPECT_EQ(report.counters.listings_ok, 100);
  EXPECT_EQ(std::ranges::count(world_.api.calls, Domain::primary, &SeenCall::domain), 5);
}

/// Runs one after the other, as the service does when there is always something due.
class PrimaryOutageTest : public SyncTest {
 protected:
  PrimaryOutageTest() {
    world_.populate(10, [](int) { return 1; });
    world_.api.fault = [this](std::size_t, const SeenCall& call) -> Instead {
      if (call.domain == Domain::primary && is_down_(call.at - start_)) return connect_failure();
      return std::nullopt;
    };
  }
  void run_until(std::chrono::seconds end) {
    const std::shared_ptr<Syncer> syncer = world_.make_syncer(8);
    while (world_.env.elapsed() < end) {
      const RunReport report = world_.driver.run(world_.once_with(*syncer));
      EXPECT_EQ(report.counters.listings_ok, 10);
    }
  }
  std::size_t calls(Domain domain, seconds from, seconds to) const {
    return static_cast<std::size_t>(std::ranges::count_if(world_.api.calls, [&](const SeenCall& call) {
      return call.domain == domain && call.at >= start_ + from && call.at < start_ + to;
    }));
  }

  World world_{path_, {.max_requests_per_second = 5, .start_requests_per_second = 5}};
  SteadyTime start_ = world_.env.steady_now();
  std::function<bool(std::chrono::nanoseconds since_start)> is_down_;
};

TEST_F(PrimaryOutageTest, IsNoticedToBeOverWithinAMinute) {
  is_down_ = [](auto since_start) { return since_start < seconds(200); };
  run_until(seconds(300));
  EXPECT_LE(calls(Domain::primary, seconds(0), seconds(200)), 5U + 200U / 30U)
      << "five, and a try every 30 s";
  EXPECT_EQ(calls(Domain::backup, seconds(260), seconds(300)), 0U) << "all traffic is back";
  EXPECT_GT(calls(Domain::primary, seconds(260), seconds(300)), 150U);
  EXPECT_THAT(world_.events.avoided, testing::ElementsAre(Domain::primary)) << "said once";
  EXPECT_THAT(world_.events.back, testing::ElementsAre(Domain::primary)) << "said once";
}

TEST_F(PrimaryOutageTest, ThatComesAndGoesEveryFiveSecondsIsNotFollowed) {
  is_down_ = [](auto since_start) { return since_start % seconds(10) >= seconds(5); };
  run_until(seconds(400));
  EXPECT_LE(world_.events.avoided.size(), 8U) << "it went down 40 times";
}

TEST_F(OutageTest, MayBeLeftByCancelling) {
  lasts_ = std::chrono::hours(1);
  const std::shared_ptr<Syncer> syncer = world_.make_syncer();
  boost::asio::cancellation_signal cancel;
  bool ended = false;
  boost::asio::co_spawn(
      world_.env.context(), world_.once_with(*syncer),
      boost::asio::bind_cancellation_slot(
          cancel.slot(), [&](const std::exception_ptr&, const RunReport&) { ended = true; }));
  world_.driver.run_until([&] { return world_.env.elapsed() >= seconds(20); });
  EXPECT_FALSE(ended);
  cancel.emit(boost::asio::cancellation_type::terminal);
  world_.driver.run_until([&] { return ended; });
  EXPECT_LT(world_.env.elapsed(), seconds(26)) << "at once, not at the next try";
}

}  // namespace
}  // namespace couponsync::test
