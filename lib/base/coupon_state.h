#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

namespace couponsync {

/// The documented values of coupon_state, in the order in which a coupon comes through them. All but one move
/// goes forward in this list: a use can be returned, and the coupon is EFFECTIVE again.
inline constexpr std::array<std::string_view, 7> kCouponStates{
    "CONFIRMING", "PENDING", "EFFECTIVE", "USED", "EXPIRED", "DEACTIVATED", "DELETED"};

/// A state's place in that list; none for a value that is not documented (yet).
constexpr std::optional<std::size_t> life_stage(std::string_view state) {
  const auto* const found = std::ranges::find(kCouponStates, state);
  if (found == kCouponStates.end()) return std::nullopt;
  return static_cast<std::size_t>(found - kCouponStates.begin());
}

}  // namespace couponsync
