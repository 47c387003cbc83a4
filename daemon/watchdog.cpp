#include "watchdog.h"

#include <utility>

namespace couponsync::daemon {

Watchdog::Watchdog(const boost::asio::any_io_executor& executor, const ServiceNotifier& notifier,
                   std::function<bool()> lives)
    : notifier_(notifier),
      lives_(std::move(lives)),
      timer_(executor),
      every_(ServiceNotifier::watchdog_period() / 2) {
  if (every_.count() > 0) tick();
}

void Watchdog::tick() {
  if (lives_()) notifier_.alive();
  timer_.expires_after(every_);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) tick();
  });
}

}  // namespace couponsync::daemon
