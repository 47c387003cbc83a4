#pragma once

#include "sim/schedule.h"

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>

namespace couponsync::sim {

struct SimulationOptions {
  std::filesystem::path folder;  ///< for the mirrors; emptied
  bool trace = false;
  /// For the proof that the simulator notices: the API leaves a coupon out of every so many-th page.
  std::uint64_t forget_a_coupon_every = 0;
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
