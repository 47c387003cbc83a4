#pragma once

#include "store/mirror.h"

#include <span>
#include <vector>

namespace couponsync {

/// The order in which a run reads `listings`: as they are, but one user's listings narrowed by state follow
/// each other in the order of kCouponStates, at the place of the first of them. Read one after another, they
/// meet a coupon that moves on meanwhile in the state it moved to (see AbsenceSearch).
std::vector<ListingState*> in_reading_order(std::vector<ListingState*> listings);

/// The listings at the beginning of `rest` that one worker reads one after another: one user's narrowed by
/// state, or a single one. None only of none.
std::span<ListingState* const> first_group(std::span<ListingState* const> rest);

}  // namespace couponsync
