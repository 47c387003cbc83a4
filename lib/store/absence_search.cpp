#include "store/absence_search.h"

#include "base/coupon_state.h"

#include <algorithm>
#include <vector>

namespace couponsync {
namespace {

constexpr std::int64_t kPasses = 2;
/// The second pass follows the first one at once, unless a failure or a stop comes between.
constexpr UnixSeconds kLongestPause = 600;

bool is_or_unknown(const Text& product, const std::string& wanted) { return !product || *product == wanted; }

}  // namespace

bool CouponScope::may_be_in(const WatchedListing& listing) const {
  if (!listing.stock_id.empty() && listing.stock_id != stock_id) return false;
  return listing.product_coupon_id.empty() || listing.product_coupon_id == product_coupon_id ||
         listing.product_coupon_id == product_coupon_id_of_stock;
}

bool CouponScope::must_be_in(const WatchedListing& listing) const {
  return may_be_in(listing) && (listing.product_coupon_id.empty() ||
                                (is_or_unknown(product_coupon_id, listing.product_coupon_id) &&
                                 is_or_unknown(product_coupon_id_of_stock, listing.product_coupon_id)));
}

bool all_states_watched(const CouponScope& coupon, const Text& state,
                        std::span<const WatchedListing> listings) {
  // A state that is not documented has no listing of its own, and a coupon that was in it may be again.
  if (!state || !life_stage(*state)) return false;
  return std::ranges::all_of(kCouponStates, [&](std::string_view wanted) {
    return std::ranges::any_of(listings, [&](const WatchedListing& listing) {
      return listing.coupon_state == wanted && coupon.must_be_in(listing);
    });
  });
}

AbsenceSearch::Result AbsenceSearch::advance(const CouponScope& coupon, const Text& state,
                                             std::span<const WatchedListing> listings, const Step& step) {
  std::vector<const WatchedListing*> candidates;
  for (const WatchedListing& listing : listings)
    if (coupon.may_be_in(listing)) candidates.push_back(&listing);
  if (std::ranges::any_of(candidates, [](const auto* listing) { return listing->coupon_state.empty(); }))
    return Result::decided_elsewhere;
  const auto counts = [&](const auto* listing) {
    return listing->last_whole_order && *listing->last_whole_order >= stage_order;
  };
  // One listing alone shows all that is watched in one moment: nothing can have moved meanwhile.
  if (candidates.size() == 1 && counts(candidates.front())) return conclude(coupon, state, listings);
  // A clock that was set back tells nothing of the time between.
  const bool is_late = step.began_at - stage_at > kLongestPause || step.ended_at < stage_at;
  if (pass > 1 && is_late) {
    pass = 1;
    stage = 0;
  }
  for (; pass <= kPasses; ++pass, stage = 0) {
    for (; stage < static_cast<std::int64_t>(kCouponStates.size()); ++stage) {
      std::vector<const WatchedListing*> of_state;
      for (const WatchedListing* listing : candidates)
        if (listing->coupon_state == kCouponStates[static_cast<std::size_t>(stage)])
          of_state.push_back(listing);
      if (of_state.empty()) continue;
      if (!std::ranges::all_of(of_state, counts)) return Result::open;
      stage_order = step.next;
      stage_at = step.ended_at;
    }
  }
  return conclude(coupon, state, listings);
}

AbsenceSearch::Result AbsenceSearch::conclude(const CouponScope& coupon, const Text& state,
                                              std::span<const WatchedListing> listings) const {
  return all_states_watched(coupon, state, listings) ? Result::missing : Result::unlisted;
}

}  // namespace couponsync
