#pragma once

#include "sim/schedule.h"
#include "sim/simulation.h"

namespace couponsync::sim {

/// The events without which nothing is broken any more: whichever can be left out is left out, by halves
/// first (delta debugging, Zeller and Hildebrandt 2002), then one by one.
Schedule shrink(Schedule failing, const SimulationOptions& options);

}  // namespace couponsync::sim
