#pragma once

#include "base/time.h"
#include "store/mirror_status.h"

#include <chrono>
#include <string>
#include <vector>

namespace couponsync::daemon {

/// A mirror's status as of `now`, judged: what `couponsyncd status` prints.
struct StatusReport {
  MirrorStatus status;
  UnixSeconds now = 0;
  std::chrono::seconds max_age{0};  ///< how long ago a listing may have been complete

  /// The age that `share` of the complete listings do not exceed; 0 where there are none.
  std::chrono::seconds age_at(double share) const;
  /// What is wrong, a line each; none: healthy.
  std::vector<std::string> problems() const;

  std::string text() const;
  std::string json() const;
};

}  // namespace couponsync::daemon
