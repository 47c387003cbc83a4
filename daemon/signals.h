#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include <functional>

namespace couponsync::daemon {

/// Ignores the signals that must not end the service: a closed pipe, a file-size limit (SQLite then reports a
/// full disk), and the two user signals. Called once, before any thread starts.
void ignore_harmless_signals();

/// Turns signals into calls on the io thread. SIGTERM and SIGINT call `stop` once; a second one then ends the
/// process at once, by its default action, even if the io thread hangs.
class Signals {
 public:
  struct Handlers {
    std::function<void()> stop;
    std::function<void()> hang_up;  ///< empty: SIGHUP stops as well, as for any foreground program
  };

  Signals(boost::asio::io_context& context, Handlers handlers);
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

 private:
  void await_stop();
  void await_hang_up();

  Handlers handlers_;
  boost::asio::signal_set stop_;
  boost::asio::signal_set hang_up_;
};

}  // namespace couponsync::daemon
