#pragma once

#include <cstddef>

namespace couponsync::bench {

/// What a decision costs, in time and memory, with so many listings; prints it.
void play_scale(std::size_t listings);

}  // namespace couponsync::bench
