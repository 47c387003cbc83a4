#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include <functional>
#include <string_view>
#include <vector>

namespace couponsync::daemon {

/// Called once, before any thread starts. Ignores the signals that must not end the program: a closed pipe, a
/// file-size limit (SQLite then reports a full disk), and the two user signals. Says what a SIGBUS means, and
/// ends the program as for a mirror that cannot be written. Lets those through that end it or reload, for a
/// parent may have left them blocked, and then nothing but SIGKILL would work.
void take_over_signals();

/// Holds SIGHUP back until `Signals` is there to handle it: by default it kills, and a reload may be asked
/// for while the mirror is still being opened.
void hold_hang_ups();

/// Until `Signals` is there to handle them, SIGTERM and SIGINT end the process at once with that exit code:
/// nothing has been begun by then that a kill could spoil, not even a migration, which is one transaction.
/// One that the parent ignored stays ignored.
void end_at_once_with(int exit_code);

/// Turns signals into calls on the io thread. SIGTERM and SIGINT call `stop` once; a second one then ends the
/// process at once, by its default action, even if the io thread hangs. A signal that the parent ignored
/// (nohup, a shell's background job) stays ignored.
class Signals {
 public:
  struct Handlers {
    std::function<void()> stop;
    std::function<void()> hang_up;  ///< empty: SIGHUP stops as well, as for any foreground program
  };

  Signals(boost::asio::io_context& context, Handlers handlers);
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  /// The names of those that stay ignored.
  const std::vector<std::string_view>& ignored() const { return ignored_; }

 private:
  void await_stop();
  void await_hang_up();
  void handle(int number, boost::asio::signal_set& by);

  Handlers handlers_;
  boost::asio::signal_set stop_;
  boost::asio::signal_set hang_up_;
  std::vector<std::string_view> ignored_;
};

}  // namespace couponsync::daemon
