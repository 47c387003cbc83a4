#pragma once

#include <cstdint>
#include <istream>
#include <string>
#include <vector>

namespace couponsync::bench {

enum class WorldState : std::uint8_t { none, pending, effective, used, deleted, expired };

/// Something happens to a coupon. A use in part leaves it EFFECTIVE.
struct WorldEvent {
  double at = 0;
  WorldState state = WorldState::none;
  bool is_use = false;
};

/// In the listing from its first event on; its state is that of the last event until then.
struct WorldCoupon {
  std::uint32_t stock = 0;
  double received = 0;
  double begins = 0;
  double ends = 0;
  std::vector<WorldEvent> events;
};

/// All that happens at a made-up brand, laid down beforehand. Times are seconds from the start of the mirror.
/// Changes in [warm, end) count; it goes on until tail_end, so that they can be seen.
struct World {
  std::string name;
  std::uint64_t seed = 0;
  double warm = 0;
  double end = 0;
  double tail_end = 0;
  double epoch = 0;  ///< Unix seconds of time 0
  std::uint32_t page_size = 50;
  std::vector<std::vector<double>> sends;       ///< of each stock, also to those who are not mirrored; sorted
  std::vector<std::vector<WorldCoupon>> users;  ///< in the order of the first event

  std::uint32_t pages(std::uint64_t coupons) const;
  /// Of all listings at time 0.
  double pages_at_start() const;
};

/// From JSON lines: one `world`, then `stock` and `user` lines. Throws what is wrong with them.
World load_world(std::istream& lines);

}  // namespace couponsync::bench
