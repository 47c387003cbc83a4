#include "sync/valve.h"

#include "support/fake_env.h"

#include <boost/asio/co_spawn.hpp>
#include <gtest/gtest.h>

#include <optional>
#include <utility>
#include <vector>

namespace couponsync::test {
namespace {

using namespace std::chrono_literals;

class ValveTest : public testing::Test {
 protected:
  /// Somebody who comes through the valve, and keeps the pass.
  struct Caller {
    std::optional<Valve::Pass> pass;
    std::chrono::nanoseconds passed_at{};
    bool is_cancelled = false;
    boost::asio::cancellation_signal cancel;
  };

  void enter(Caller& caller) {
    boost::asio::co_spawn(env_.context(), pass_through(caller),
                          boost::asio::bind_cancellation_slot(caller.cancel.slot(),
                                                              [&caller](const std::exception_ptr& thrown) {
                                                                caller.is_cancelled = bool(thrown);
                                                              }));
    env_.context().restart();
    env_.context().poll();
  }
  Task<> pass_through(Caller& caller) {
    Valve::Pass pass = co_await valve_.enter();
    caller.pass.emplace(std::move(pass));
    caller.passed_at = env_.elapsed();
  }
  /// Until nothing will ever happen any more.
  void run_dry() {
    while (env_.step(nullptr)) {
    }
  }
  void run_until_passed(const Caller& caller) {
    while (!caller.pass) ASSERT_TRUE(env_.step(nullptr)) << "nobody will ever pass";
  }

  FakeEnv env_;
  Valve valve_{env_,
               {.first = 10s, .early = {20s, 20s}, .every = 60s, .undecided = 5s, .most_out = 1},
               env_.context().get_executor()};
};

TEST_F(ValveTest, PassesAllUntilItHolds) {
  std::vector<Caller> callers(3);
  for (Caller& caller : callers) {
    enter(caller);
    ASSERT_TRUE(caller.pass);
    EXPECT_FALSE(caller.pass->is_try());
    EXPECT_FALSE(caller.pass->has_waited());
  }
  EXPECT_FALSE(valve_.holds());
}

TEST_F(ValveTest, LetsOneTryAtItsTimeAndAllGoOnWhenItWorked) {
  valve_.hold();
  std::vector<Caller> callers(3);
  for (Caller& caller : callers) enter(caller);
  run_until_passed(callers[0]);
  EXPECT_EQ(callers[0].passed_at, 10s);
  EXPECT_EQ(callers[0].pass->number(), 0);
  run_dry();
  EXPECT_FALSE(callers[1].pass) << "a second one tried beside the first";
  valve_.release();
  run_dry();
  for (std::size_t i : {1U, 2U}) {
    ASSERT_TRUE(callers[i].pass);
    EXPECT_FALSE(callers[i].pass->is_try());
    EXPECT_TRUE(callers[i].pass->has_waited());
  }
}

TEST_F(ValveTest, LetsTheNextTryAfterAFailureInTheOrderOfComing) {
  valve_.hold();
  std::vector<Caller> callers(2);
  for (Caller& caller : callers) enter(caller);
  run_until_passed(callers[0]);
  callers[0].pass->failed();
  run_until_passed(callers[1]);
  EXPECT_EQ(callers[1].passed_at, 10s + 20s);
  EXPECT_EQ(callers[1].pass->number(), 1);
}

TEST_F(ValveTest, CountsATryThatWasLetGoAsOneThatShowedNothing) {
  valve_.hold();
  std::vector<Caller> callers(2);
  for (Caller& caller : callers) enter(caller);
  run_until_passed(callers[0]);
  callers[0].pass.reset();
  run_until_passed(callers[1]);
  EXPECT_EQ(callers[1].passed_at, 10s + 5s);
}

TEST_F(ValveTest, GivesTheTurnOnWhenWhoWaitsFirstIsCancelled) {
  valve_.hold();
  std::vector<Caller> callers(2);
  for (Caller& caller : callers) enter(caller);
  callers[0].cancel.emit(boost::asio::cancellation_type::terminal);
  run_until_passed(callers[1]);
  EXPECT_TRUE(callers[0].is_cancelled);
  EXPECT_FALSE(callers[0].pass);
  EXPECT_EQ(callers[1].passed_at, 10s);
}

TEST_F(ValveTest, WakesWhoWaitsWhenTheNextTryIsHurried) {
  valve_.hold();
  Caller caller;
  enter(caller);
  valve_.hurry();
  run_until_passed(caller);
  EXPECT_EQ(caller.passed_at, 0s);
}

TEST_F(ValveTest, GoesOnHoldingWithoutBeginningAnew) {
  valve_.hold();
  const auto since = valve_.since();
  Caller caller;
  enter(caller);
  run_until_passed(caller);
  valve_.hold();
  EXPECT_EQ(valve_.since(), since);
  EXPECT_EQ(caller.pass->number(), 0);
}

TEST_F(ValveTest, GivesTheFirstTryToWhoFoundItOut) {
  const Valve::Pass pass = valve_.hold_and_try();
  EXPECT_TRUE(pass.is_try());
  EXPECT_FALSE(pass.has_waited());
  EXPECT_TRUE(valve_.holds());
}

TEST_F(ValveTest, WaitsForNoTryOfAnEarlierTime) {
  valve_.hold();
  Caller earlier;
  enter(earlier);
  run_until_passed(earlier);
  valve_.release();
  valve_.hold();
  Caller caller;
  enter(caller);
  run_until_passed(caller);
  EXPECT_EQ(caller.passed_at, 10s + 10s);
  earlier.pass->failed();
  EXPECT_FALSE(valve_.next_try_at()) << "this one is out, whatever became of that one";
}

TEST_F(ValveTest, EndsATryOnlyOnce) {
  valve_.hold();
  Caller caller;
  enter(caller);
  run_until_passed(caller);
  Valve::Pass moved = std::move(*caller.pass);
  moved.failed();
  const auto next = valve_.next_try_at();
  caller.pass.reset();  // it was moved from
  moved.undecided();
  EXPECT_EQ(valve_.next_try_at(), next);
}

}  // namespace
}  // namespace couponsync::test
