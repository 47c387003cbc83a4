#pragma once

#include "base/env.h"
#include "store/writer.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstdint>
#include <exception>
#include <functional>
#include <map>
#include <optional>
#include <random>
#include <utility>

namespace couponsync::test {

/// Virtual time and seeded chance: time stands still while anything can run and jumps to the next sleeper
/// when nothing can.
class FakeEnv final : public Env {
 public:
  explicit FakeEnv(std::uint64_t seed = 1) : generator_(seed) {}

  SteadyTime steady_now() const override { return SteadyTime(elapsed_ + std::chrono::hours(1000)); }
  WallTime wall_now() const override {
    return std::chrono::sys_days(std::chrono::January / 15 / 2026) + elapsed_ + set_by_;
  }
  /// Somebody sets the wall clock, forward or back; the steady clock goes on.
  void set_wall_clock(std::chrono::nanoseconds by) { set_by_ += by; }

  Task<> sleep_until(SteadyTime when) override;
  void random_bytes(std::span<std::byte> out) override;
  double random_unit() override { return std::uniform_real_distribution<double>(0, 1)(generator_); }

  std::chrono::nanoseconds elapsed() const { return elapsed_; }
  boost::asio::io_context& context() { return context_; }

  /// Lets one thing happen: a ready handler, else a commit of `writer`, else the passing of time to the next
  /// sleeper. False if nothing ever will.
  bool step(const Writer* writer);
  /// Its parts, for who decides the order: runs one ready handler; jumps to the next sleeper. False if there
  /// is none.
  bool run_ready_handler();
  bool wake_next_sleeper();

 private:
  class Sleeper;
  using Sleepers = std::multimap<SteadyTime, Sleeper*>;

  std::chrono::nanoseconds elapsed_{0};
  std::chrono::nanoseconds set_by_{0};
  Sleepers sleepers_;
  std::mt19937_64 generator_;
  /// Last, so that coroutines still asleep end before the list they are in.
  boost::asio::io_context context_;
};

/// Runs a coroutine to its end in virtual time. `before_step(n)` is called before the n-th step (from 0) and
/// may emit on `cancel`. Throws what the coroutine throws, and std::logic_error if it can never end.
class Driver {
 public:
  explicit Driver(FakeEnv& env) : env_(env) {}

  void watch(const Writer& writer) { writer_ = &writer; }
  std::function<void(std::uint64_t)> before_step;
  boost::asio::cancellation_signal cancel;
  std::uint64_t steps = 0;

  template <class T>
  T run(Task<T> task) {
    std::exception_ptr thrown;
    std::optional<T> value;
    bool ended = false;
    boost::asio::co_spawn(
        env_.context(), std::move(task),
        boost::asio::bind_cancellation_slot(cancel.slot(), [&](std::exception_ptr e, T result) {
          thrown = std::move(e);
          value.emplace(std::move(result));
          ended = true;
        }));
    run_until([&] { return ended; });
    if (thrown) std::rethrow_exception(thrown);
    return std::move(*value);
  }

  void run(Task<> task);
  /// Steps until `done`.
  void run_until(const std::function<bool()>& done);

 private:
  FakeEnv& env_;
  const Writer* writer_ = nullptr;
};

}  // namespace couponsync::test
