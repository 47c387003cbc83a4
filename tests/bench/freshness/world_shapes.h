#pragma once

#include "bench/freshness/world.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace couponsync::bench {

/// A made-up world of 21 days and two more: `base` (half of the users dormant, rates that differ by powers of
/// ten, a campaign every three days), `retail` (a weekly issue to a third of all, uses at opening hours),
/// `flash` (short campaigns every 14 hours to the active ones, used at once), `heavy` (hundreds of coupons a
/// user), `sparse` (almost everybody dormant). The same for the same seed. Throws if there is no such shape.
World make_world(std::string_view shape, std::uint64_t seed, std::size_t users);

}  // namespace couponsync::bench
