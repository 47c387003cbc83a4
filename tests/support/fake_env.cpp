#include "support/fake_env.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <stdexcept>

namespace couponsync::test {

/// A coroutine asleep, in the list for as long as it is.
class FakeEnv::Sleeper {
 public:
  Sleeper(Sleepers& sleepers, SteadyTime when, const boost::asio::any_io_executor& executor)
      : sleepers_(sleepers),
        timer_(executor, boost::asio::steady_timer::time_point::max()),
        place_(sleepers.emplace(when, this)) {}
  Sleeper(const Sleeper&) = delete;
  Sleeper& operator=(const Sleeper&) = delete;
  ~Sleeper() {
    if (!woken_) sleepers_.erase(place_);
  }

  /// Its time has come.
  void wake() {
    woken_ = true;
    sleepers_.erase(place_);
    timer_.cancel();
  }
  bool woken() const { return woken_; }
  boost::asio::steady_timer& timer() { return timer_; }

 private:
  Sleepers& sleepers_;
  boost::asio::steady_timer timer_;
  Sleepers::iterator place_;
  bool woken_ = false;
};

Task<> FakeEnv::sleep_until(SteadyTime when) {
  if (when <= steady_now()) co_return;
  const auto executor = co_await boost::asio::this_coro::executor;
  Sleeper sleeper(sleepers_, when, executor);
  co_await sleeper.timer().async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
  if (!sleeper.woken()) throw boost::system::system_error(boost::asio::error::operation_aborted);
}

void FakeEnv::random_bytes(std::span<std::byte> out) {
  for (std::byte& byte : out) byte = static_cast<std::byte>(generator_() & 0xFFU);
}

bool FakeEnv::wake_next_sleeper() {
  if (sleepers_.empty()) return false;
  const auto next = sleepers_.begin();
  elapsed_ = next->first - SteadyTime(std::chrono::hours(1000));
  next->second->wake();
  return true;
}

bool FakeEnv::run_ready_handler() {
  context_.restart();
  return context_.poll_one() > 0;
}

bool FakeEnv::step(const Writer* writer) {
  // Asked before looking for handlers: a job is pending until after its completion was posted, so if none is,
  // every completion there will be can be seen.
  const bool database_is_at_work = writer != nullptr && writer->pending() > 0;
  if (run_ready_handler()) return true;
  if (database_is_at_work) {
    context_.restart();
    context_.run_one_for(std::chrono::milliseconds(1));
    return true;
  }
  return wake_next_sleeper();
}

void Driver::run(Task<> task) {
  std::exception_ptr thrown;
  bool ended = false;
  boost::asio::co_spawn(env_.context(), std::move(task),
                        boost::asio::bind_cancellation_slot(cancel.slot(), [&](std::exception_ptr e) {
                          thrown = std::move(e);
                          ended = true;
                        }));
  run_until([&] { return ended; });
  if (thrown) std::rethrow_exception(thrown);
}

void Driver::run_until(const std::function<bool()>& done) {
  while (!done()) {
    if (before_step) before_step(steps);
    ++steps;
    if (!env_.step(writer_))
      throw std::logic_error("nothing is left that could happen, but the coroutine has not ended");
  }
}

}  // namespace couponsync::test
