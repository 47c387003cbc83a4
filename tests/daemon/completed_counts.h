#pragma once

#include "store/mirror_status.h"

#include <algorithm>
#include <vector>

namespace couponsync::daemon {

/// Listings that were complete at these times, one each, of which some fail.
inline std::vector<CompletedCount> completed(const std::vector<UnixSeconds>& at,
                                             const std::vector<UnixSeconds>& failing_at = {}) {
  std::vector<CompletedCount> counts;
  for (const UnixSeconds when : at)
    counts.push_back({.at = when, .all = 1, .failing = std::ranges::count(failing_at, when)});
  return counts;
}

}  // namespace couponsync::daemon
