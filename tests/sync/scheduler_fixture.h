#pragma once

#include "sync/sync_fixture.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <utility>

namespace couponsync::test {

/// The scheduler over a World, as the service runs it.
class SchedulerTest : public SyncTest {
 protected:
  /// Starts it over so many users of the API.
  void start(int users) {
    world_->populate(users, [](int) { return 1; });
    start();
  }
  /// Starts it over the users there are.
  void start() { start(world_->plan()); }
  void start(Plan plan) {
    scheduler_ = world_->make_scheduler(std::move(plan));
    boost::asio::co_spawn(
        world_->env.context(), scheduler_->run(),
        boost::asio::bind_cancellation_slot(
            cancel_.slot(), [this](const std::exception_ptr& thrown, const Failure&) { note_end(thrown); }));
  }

  void run_for(std::chrono::nanoseconds time) {
    const auto until = world_->env.elapsed() + time;
    bool reached = false;
    boost::asio::co_spawn(world_->env.context(), sleep_then_set(world_->env.steady_now() + time, reached),
                          boost::asio::detached);
    world_->driver.run_until([&] { return reached; });
    EXPECT_GE(world_->env.elapsed(), until);
  }

  void stop() {
    cancel_.emit(boost::asio::cancellation_type::terminal);
    world_->driver.run_until([this] { return ended_; });
    EXPECT_EQ(end_, boost::asio::error::operation_aborted);
    scheduler_.reset();
  }

  /// The process ends, and another one begins with the same mirror, whose clock shows `clock_set_by` more.
  void restart(std::chrono::nanoseconds clock_set_by = std::chrono::nanoseconds(0)) {
    if (scheduler_) stop();
    const auto users = world_->api.coupons;
    const auto interval = world_->interval;
    const auto wall = world_->env.wall_now();
    world_.reset();
    world_ = std::make_unique<World>(path_);
    world_->api.coupons = users;
    world_->interval = interval;
    world_->env.set_wall_clock(wall - world_->env.wall_now() + clock_set_by);
    ended_ = false;
    start();
  }

  /// Calls sent within that time since the world began.
  std::size_t calls_between(std::chrono::nanoseconds from, std::chrono::nanoseconds to) const {
    return static_cast<std::size_t>(std::ranges::count_if(world_->api.calls, [&](const SeenCall& call) {
      const auto at = call.at - world_begin_;
      return at >= from && at < to;
    }));
  }
  std::string query(const std::string& sql) const { return query_one(path_, sql); }

  void TearDown() override {
    if (scheduler_) stop();
  }

  std::unique_ptr<World> world_ = std::make_unique<World>(path_);
  SteadyTime world_begin_ = world_->env.steady_now();
  std::unique_ptr<Scheduler> scheduler_;
  boost::asio::cancellation_signal cancel_;
  std::size_t seen_ = 0;  ///< calls that a test has looked at
  bool ended_ = false;
  boost::system::error_code end_;

 private:
  void note_end(const std::exception_ptr& thrown) {
    ended_ = true;
    try {
      if (thrown) std::rethrow_exception(thrown);
    } catch (const boost::system::system_error& error) {
      end_ = error.code();
    }
  }
  Task<> sleep_then_set(SteadyTime when, bool& reached) {
    co_await world_->env.sleep_until(when);
    reached = true;
  }
};

}  // namespace couponsync::test
