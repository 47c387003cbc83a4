#pragma once

#include "sim/schedule.h"

#include <cstdint>
#include <filesystem>
#include <limits>
#include <map>
#include <optional>
#include <string>

namespace couponsync::sim {

struct SimulationOptions {
  std::filesystem::path folder;  ///< for the mirrors; emptied
  bool trace = false;
  /// For the proof that the simulator notices: the API hides what befell a coupon later.
  int last_version = std::numeric_limits<int>::max();
};

/// What became of it.
struct Outcome {
  std::optional<std::string> violation;
  std::string trace;
  std::map<std::string, std::int64_t> counts;  ///< of what occurred
  std::chrono::nanoseconds virtual_time{0};
};

/// Plays the schedule against the real service, from the scheduler down to SQLite, until all is read after
/// its end, or an invariant is broken. The same schedule gives the same outcome, always.
Outcome simulate(const Schedule& schedule, const SimulationOptions& options);

}  // namespace couponsync::sim
