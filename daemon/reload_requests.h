#pragma once

#include <boost/asio/any_io_executor.hpp>

#include <cstdint>
#include <functional>
#include <memory>

namespace couponsync::daemon {

/// Makes one reload of all the requests that are waiting when the io thread gets to it, or that came during
/// the one before: the files are read once then, as they are by that time. Whatever else waits for the io
/// thread goes first, a stop above all. On the io thread.
class ReloadRequests {
 public:
  /// `reload` begins one, which is over when `finished` is called.
  ReloadRequests(boost::asio::any_io_executor executor, std::function<void()> reload);

  void ask();
  void finished();
  /// Nothing is reloaded any more.
  void stop();

 private:
  /// What is still on its way finds it here, or finds it gone.
  struct State {
    std::function<void()> reload;
    std::uint64_t asked = 0;
    std::uint64_t taken_up = 0;  ///< of those asked for
    bool on_its_way = false;
    bool under_way = false;
  };

  static void look_again(const boost::asio::any_io_executor& executor, const std::weak_ptr<State>& state,
                         std::uint64_t asked_before);

  boost::asio::any_io_executor executor_;
  std::shared_ptr<State> state_;
};

}  // namespace couponsync::daemon
