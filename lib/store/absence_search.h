#pragma once

#include "base/coupon.h"
#include "base/listing.h"
#include "store/sighting.h"

#include <cstddef>
#include <span>
#include <string>

namespace couponsync {

/// A watched listing of one user, as far as it tells where a coupon can be.
struct WatchedListing {
  ListingId id = 0;
  std::string product_coupon_id{};
  std::string stock_id{};
  std::string coupon_state{};
  Integer last_whole_order{};  ///< the first request of its last reading that is evidence
};

/// What decides which listings a coupon belongs to, whatever its state is.
struct CouponScope {
  std::string stock_id{};
  Text product_coupon_id{};
  Text product_coupon_id_of_stock{};

  /// The listing's product and stock let it show the coupon.
  bool may_be_in(const WatchedListing& listing) const;
  /// In the right state the coupon is in the listing for certain. A stock may belong to another product than
  /// the entry it came with says: only a coupon of which both say the listing's product (or one of them, and
  /// the other nothing) must be in it.
  bool must_be_in(const WatchedListing& listing) const;
};

/// The search for a coupon that the listing of its state no longer shows, in the user's other listings. A
/// coupon that moves from state to state can be behind the readings' back: used between the readings of USED
/// and of EFFECTIVE, it is in neither. So each state is looked at after those that come before it in a
/// coupon's life: whatever moves forward is met then. A return is the one move back; a second pass, from the
/// first state on, after the first one was over, meets what one return hid. Between the two passes, and
/// within the second one, no more than minutes may go by: else a use and a return in each of them would be
/// enough to hide a coupon, and the search begins anew. Pure; kept in `absence`.
struct AbsenceSearch {
  std::int64_t pass = 1;
  std::int64_t stage = 0;        ///< place in kCouponStates of the state to be looked at next
  RequestOrder stage_order = 0;  ///< readings that began with this request or a later one count
  UnixSeconds stage_at = 0;      ///< when the last state was looked at

  enum class Result {
    open,               ///< readings are still wanted
    decided_elsewhere,  ///< a listing of all states may show the coupon, and decides
    unlisted,           ///< no watched listing shows it, but not all states are watched
    missing,            ///< no state of it is listed
  };
  /// The reading that is over now.
  struct Step {
    UnixSeconds began_at = 0;
    UnixSeconds ended_at = 0;
    RequestOrder next = 0;  ///< the next request to be sent
  };
  /// Goes on as far as the user's `listings` have been read. `state` is the coupon's, as last seen.
  Result advance(const CouponScope& coupon, const Text& state, std::span<const WatchedListing> listings,
                 const Step& step);

 private:
  Result conclude(const CouponScope& coupon, const Text& state,
                  std::span<const WatchedListing> listings) const;
};

/// Every state in which the coupon could be has a watched listing that would show it for certain.
bool all_states_watched(const CouponScope& coupon, const Text& state,
                        std::span<const WatchedListing> listings);

}  // namespace couponsync
