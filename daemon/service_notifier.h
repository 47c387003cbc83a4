#pragma once

#include <chrono>
#include <string_view>

namespace couponsync::daemon {

/// Tells systemd how the service is (sd_notify(3)); does nothing when it was not started by systemd. From the
/// io thread, so that WATCHDOG=1 shows that this thread is alive.
class ServiceNotifier {
 public:
  /// READY=1 with a status line.
  void ready(std::string_view status) const;
  /// RELOADING=1 with MONOTONIC_USEC in one message, as systemd 253 wants it; `ready` ends it.
  void reloading() const;
  void status(std::string_view status) const;
  void stopping() const;
  void alive() const;

  /// How often systemd wants to hear `alive`; zero if it does not.
  static std::chrono::microseconds watchdog_period();
};

}  // namespace couponsync::daemon
