#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstdint>
#include <optional>

namespace couponsync::sandbox {

/// Lets a test stop the world at an exact call, and wait until it has got there. One thread.
class Turnstile {
 public:
  explicit Turnstile(const boost::asio::any_io_executor& executor);

  /// Each request passes here: counts it, and holds it while the gate is shut.
  boost::asio::awaitable<void> pass();
  /// After `more` more requests, requests are held.
  void shut_after(std::int64_t more);
  void open();

  /// Until that many have arrived, or are held, since the start; false if it takes longer than `at_most`.
  boost::asio::awaitable<bool> wait_arrived(std::int64_t count, std::chrono::milliseconds at_most);
  boost::asio::awaitable<bool> wait_held(std::int64_t count, std::chrono::milliseconds at_most);

 private:
  boost::asio::awaitable<bool> wait_for(const std::int64_t& counter, std::int64_t count,
                                        std::chrono::milliseconds at_most);

  boost::asio::steady_timer changed_;  ///< never expires: cancelled at each change
  std::int64_t arrived_ = 0;
  std::int64_t held_ = 0;
  std::optional<std::int64_t> shut_at_;
};

}  // namespace couponsync::sandbox
