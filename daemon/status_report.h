#pragma once

#include "base/time.h"
#include "store/mirror_status.h"

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace couponsync::daemon {

/// The watched listings by what is the matter with them; each counts once.
struct ListingHealth {
  std::int64_t fresh = 0;
  std::int64_t stale = 0;           ///< not failing, but complete too long ago
  std::int64_t failing = 0;         ///< the last reading failed
  std::int64_t never_complete = 0;  ///< not failing, not read to the end yet
};

/// A mirror's status as of `now`, judged: what `couponsyncd status` prints.
struct StatusReport {
  MirrorStatus status;
  UnixSeconds now = 0;
  std::chrono::seconds max_age{0};  ///< how long ago a listing may have been complete

  /// The age that `share` of the complete listings do not exceed; 0 where there are none. A time that lies
  /// ahead has no age.
  std::chrono::seconds age_at(double share) const;
  /// Those whose time cannot be believed, because it lies ahead, count as stale.
  ListingHealth health() const;
  /// What is wrong, a line each; none: healthy.
  std::vector<std::string> problems() const;

  std::string text() const;
  std::string json() const;

 private:
  bool is_old(UnixSeconds completed_at) const { return completed_at < now - max_age.count(); }
  bool is_ahead(UnixSeconds completed_at) const { return completed_at > now + kMostAhead; }
};

/// A listing that was not complete for three intervals is stale.
inline std::chrono::seconds stale_after(std::chrono::milliseconds interval) {
  return std::chrono::ceil<std::chrono::seconds>(3 * interval);
}

}  // namespace couponsync::daemon
