#include "sync/task_group.h"

#include "support/fake_env.h"

#include <boost/asio/error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/system/system_error.hpp>
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <vector>

namespace couponsync::test {
namespace {

using namespace std::chrono_literals;

class TaskGroupTest : public testing::Test {
 protected:
  Task<> sleep(std::string name, std::chrono::seconds time) {
    try {
      co_await env_.sleep_until(env_.steady_now() + time);
      log_.push_back(name + " done");
    } catch (const boost::system::system_error&) {
      log_.push_back(name + " cancelled");
      throw;
    }
  }
  Task<> fail_after(std::chrono::seconds time) {
    co_await env_.sleep_until(env_.steady_now() + time);
    throw std::runtime_error("broken");
  }
  Task<> spawn_another() {
    co_await env_.sleep_until(env_.steady_now() + 1s);
    group_.spawn(sleep("another", 1s));
  }
  Task<> join_and_look() {
    co_await group_.join();
    const auto state = co_await boost::asio::this_coro::cancellation_state;
    log_.push_back(state.cancelled() == boost::asio::cancellation_type::none ? "joined"
                                                                             : "joined, cancelled");
  }

  FakeEnv env_;
  TaskGroup group_{env_.context().get_executor()};
  Driver driver_{env_};
  std::vector<std::string> log_;
};

using Log = std::vector<std::string>;

TEST_F(TaskGroupTest, WaitsForAllOfThem) {
  group_.spawn(sleep("slow", 2s));
  group_.spawn(sleep("quick", 1s));
  EXPECT_EQ(group_.running(), 2U);
  driver_.run(join_and_look());
  EXPECT_EQ(log_, (Log{"quick done", "slow done", "joined"}));
  EXPECT_EQ(group_.running(), 0U);
}

TEST_F(TaskGroupTest, WaitsForThoseThatComeWhileItWaits) {
  group_.spawn(spawn_another());
  driver_.run(join_and_look());
  EXPECT_EQ(log_, (Log{"another done", "joined"}));
}

TEST_F(TaskGroupTest, IsJoinedAtOnceIfNothingRuns) {
  driver_.run(join_and_look());
  EXPECT_EQ(log_, Log{"joined"});
}

TEST_F(TaskGroupTest, CancelsTheOthersAndThrowsWhatOneThrew) {
  group_.spawn(sleep("other", 60s));
  group_.spawn(fail_after(1s));
  EXPECT_THROW(driver_.run(join_and_look()), std::runtime_error);
  EXPECT_EQ(log_, Log{"other cancelled"});
  EXPECT_EQ(env_.elapsed(), 1s);
}

TEST_F(TaskGroupTest, CancelsThoseThatRunAndNotWhoComesLater) {
  group_.spawn(sleep("first", 60s));
  group_.cancel();
  group_.spawn(sleep("second", 1s));
  driver_.run(join_and_look());
  EXPECT_EQ(log_, (Log{"first cancelled", "second done", "joined"}));
}

TEST_F(TaskGroupTest, WaitsForTheEndAlsoWhenItsCallerIsCancelled) {
  group_.spawn(sleep("first", 60s));
  group_.spawn(sleep("second", 60s));
  driver_.before_step = [this](std::uint64_t step) {
    if (step == 3) driver_.cancel.emit(boost::asio::cancellation_type::terminal);
  };
  try {
    driver_.run(join_and_look());
  } catch (const boost::system::system_error& error) {
    EXPECT_EQ(error.code(), boost::asio::error::operation_aborted);
  }
  EXPECT_EQ(group_.running(), 0U);
  EXPECT_EQ(std::count(log_.begin(), log_.end(), "first cancelled"), 1);
  EXPECT_EQ(std::count(log_.begin(), log_.end(), "second cancelled"), 1);
  EXPECT_LT(env_.elapsed(), 60s);
}

}  // namespace
}  // namespace couponsync::test
