#pragma once

#include "net/rate_controller.h"

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>

namespace couponsync::daemon {

/// What `systemctl status` shows of the service.
struct ServiceStatus {
  std::size_t listings = 0;  ///< that are watched
  std::size_t fresh = 0;     ///< complete within the age that is allowed, and not failing
  std::size_t failing = 0;   ///< the last attempt failed
  std::optional<std::chrono::seconds> next_due_in;  ///< 0: some are due now
  double requests_per_second = 0;                   ///< the pace at which calls may go
  std::optional<LearnedRate> learned;
  bool primary_avoided = false;
  bool backup_avoided = false;  ///< never where there is none
  bool has_backup = true;
  std::string pause;     ///< what holds all calls back for now, until when and why; empty: nothing
  std::string activity;  ///< what goes on, or what is wrong
  std::string unserved;  ///< why metrics and health are not served; empty: they are

  /// One line for a person.
  std::string text() const;
};

}  // namespace couponsync::daemon
