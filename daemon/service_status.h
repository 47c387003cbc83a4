#pragma once

#include "net/rate_controller.h"
#include "sync/scheduler.h"

#include <optional>
#include <string>

namespace couponsync::daemon {

/// What `systemctl status` shows of the service.
struct ServiceStatus {
  ListingCensus listings;
  UnixSeconds now = 0;
  double requests_per_second = 0;  ///< the pace at which calls may go
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
