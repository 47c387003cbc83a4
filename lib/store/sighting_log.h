#pragma once

#include "base/listing.h"
#include "store/sighting.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <unordered_map>
#include <unordered_set>

namespace couponsync {

/// What replies have told about coupons, for as long as the reply to a request of before may still come. Such
/// a reply is too late for what a later request has mention. And a reading that began before a reply came
/// does not know whether the API made up that reply or its own first. Only coupons of users with several
/// listings need it: one listing has one request on its way at a time. In memory, since no reply outlives the
/// process. On the database thread.
class SightingLog {
 public:
  /// Two users may share a number: that costs a comparison and does no harm, as coupons have ids of their
  /// own.
  using User = std::size_t;
  static User user_of(const ListingKey& listing);

  /// A page showed the coupon.
  void note_listed(User user, std::int64_t coupon, const Sighting& seen);
  /// The coupon is missing, by a reading that began with `order`.
  void note_missing(User user, std::int64_t coupon, RequestOrder order);

  /// Whether a request sent later than `sent` has already told about the coupon.
  bool is_outdated(User user, std::int64_t coupon, RequestOrder sent) const;
  /// Adds the user's coupons that were shown by a reply that came after the request `began` was sent.
  void collect_listed_since(User user, RequestOrder began, std::unordered_set<std::int64_t>& coupons) const;

  /// No reply to a request before `oldest_open` will come.
  void forget_before(RequestOrder oldest_open);

  /// What was noted since `mark` can be taken back, with the transaction it belongs to.
  using Mark = std::uint64_t;
  Mark mark() const { return forgotten_ + notes_.size(); }
  void take_back_to(Mark mark);

 private:
  struct Mention {
    RequestOrder sent = 0;             ///< the last request that told about it
    RequestOrder listed_received = 0;  ///< when the last reply came that showed it
    RequestOrder last() const { return std::max(sent, listed_received); }
    bool operator==(const Mention&) const = default;
  };
  struct Note {
    User user;
    std::int64_t coupon;
    Mention mention;
    std::optional<Mention> before;
  };

  void note(User user, std::int64_t coupon, const Mention& mention);
  void erase(const Note& note);

  std::unordered_map<User, std::unordered_map<std::int64_t, Mention>> users_;
  std::deque<Note> notes_;  ///< in the order in which they were made
  std::uint64_t forgotten_ = 0;
  RequestOrder oldest_open_ = 0;
};

}  // namespace couponsync
