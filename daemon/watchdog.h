#pragma once

#include "service_notifier.h"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <functional>

namespace couponsync::daemon {

/// Tells systemd from the event loop itself that the service lives: a hung io thread falls silent and is
/// restarted, and so is one whose `lives` says no. Twice in each watchdog period, as sd_watchdog_enabled(3)
/// advises; nothing if systemd has not asked. On the io thread.
class Watchdog {
 public:
  /// What `lives` uses outlives this.
  Watchdog(const boost::asio::any_io_executor& executor, const ServiceNotifier& notifier,
           std::function<bool()> lives);
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

 private:
  void tick();

  const ServiceNotifier& notifier_;
  std::function<bool()> lives_;
  boost::asio::steady_timer timer_;
  std::chrono::microseconds every_;
};

}  // namespace couponsync::daemon
