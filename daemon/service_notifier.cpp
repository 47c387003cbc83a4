#include "service_notifier.h"

#include <systemd/sd-daemon.h>

#include <cstdint>
#include <ctime>
#include <string>

namespace couponsync::daemon {
namespace {

// A lost notification cannot be told to anyone but systemd, which notices by itself: the result is not looked
// at.
void notify(const std::string& state) { sd_notify(0, state.c_str()); }

}  // namespace

void ServiceNotifier::ready(std::string_view status) const {
  notify("READY=1\nSTATUS=" + std::string(status));
}

void ServiceNotifier::reloading() const {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  const auto microseconds =
      static_cast<std::uint64_t>(now.tv_sec) * 1'000'000U + static_cast<std::uint64_t>(now.tv_nsec) / 1000U;
  notify("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(microseconds) +
         "\nSTATUS=reading the configuration again");
}

void ServiceNotifier::status(std::string_view status) const { notify("STATUS=" + std::string(status)); }

void ServiceNotifier::stopping() const { notify("STOPPING=1\nSTATUS=stopping"); }

void ServiceNotifier::alive() const { notify("WATCHDOG=1"); }

std::chrono::microseconds ServiceNotifier::watchdog_period() {
  std::uint64_t microseconds = 0;
  const bool wanted = sd_watchdog_enabled(0, &microseconds) > 0;
  return std::chrono::microseconds(wanted ? microseconds : 0);
}

}  // namespace couponsync::daemon
