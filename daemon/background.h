#pragma once

#include <boost/asio/any_io_executor.hpp>

#include <functional>
#include <memory>
#include <thread>

namespace couponsync::daemon {

/// Does one thing at a time on a thread of its own, so that the io thread goes on. Created, used and
/// destroyed on the io thread.
class Background {
 public:
  /// What is to be done with what the work came to, on the io thread.
  using Then = std::function<void()>;

  explicit Background(boost::asio::any_io_executor executor) : executor_(std::move(executor)) {}
  /// Waits for the end of the work under way; what was to be done then is not done.
  ~Background();
  Background(const Background&) = delete;
  Background& operator=(const Background&) = delete;

  /// Must not be called while work is under way. `work` must not throw.
  void start(std::function<Then()> work);

 private:
  boost::asio::any_io_executor executor_;
  std::shared_ptr<bool> is_alive_ = std::make_shared<bool>(true);
  std::jthread thread_;
};

}  // namespace couponsync::daemon
