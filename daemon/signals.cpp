#include "signals.h"

#include <csignal>
#include <utility>

namespace couponsync::daemon {

void ignore_harmless_signals() {
  for (const int number : {SIGPIPE, SIGXFSZ, SIGUSR1, SIGUSR2}) std::signal(number, SIG_IGN);
}

Signals::Signals(boost::asio::io_context& context, Handlers handlers)
    : handlers_(std::move(handlers)), stop_(context, SIGTERM, SIGINT), hang_up_(context) {
  await_stop();
  if (handlers_.hang_up) {
    hang_up_.add(SIGHUP);
    await_hang_up();
  } else {
    stop_.add(SIGHUP);
  }
}

void Signals::await_stop() {
  stop_.async_wait([this](const boost::system::error_code& error, int /*number*/) {
    if (error) return;
    stop_.clear();  // gives the signals back their default action
    handlers_.stop();
  });
}

void Signals::await_hang_up() {
  hang_up_.async_wait([this](const boost::system::error_code& error, int /*number*/) {
    if (error) return;
    await_hang_up();
    handlers_.hang_up();
  });
}

}  // namespace couponsync::daemon
