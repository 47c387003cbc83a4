#pragma once

#include "base/failure.h"
#include "base/listing_set.h"
#include "base/time.h"

#include <boost/unordered/unordered_flat_set.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace couponsync {

/// Whether that answer shows that calls work: a page, or what the API says of this one listing.
template <class T>
bool shows_that_calls_work(const Result<T>& answer) {
  if (answer.has_value()) return true;
  const Remedy remedy = answer.error().rule().remedy;
  return remedy == Remedy::fail_listing || remedy == Remedy::restart_listing;
}

/// Tells a failure that is one listing's own from one that all have: by what became of calls for other
/// listings, and by naming some that can be asked as witnesses. Pure, but for `chance`, which gives [0, 1).
class Evidence {
 public:
  explicit Evidence(std::function<double()> chance) : chance_(std::move(chance)) {}

  /// A listing that may be asked: one that did not fail last time. Some of those that were offered are kept.
  void offer(const ListingKey& key);
  /// It failed: there are better ones to ask.
  void retract(const ListingKey& key);
  /// None of those known may be asked any more: some are watched no longer.
  void forget_witnesses();

  /// A call for `key` that was sent at `sent_at` was answered; `works` as above.
  void answered(const ListingKey& key, SteadyTime sent_at, bool works);

  /// A call for another listing, sent at or after `when`, showed that calls work.
  bool others_work_since(const ListingKey& key, SteadyTime when) const { return working_.has(key, when); }
  /// A call for any listing did.
  bool any_works_since(SteadyTime when) const { return working_.has_any(when); }
  /// A call was refused as too fast.
  void limited() { ++limited_; }
  /// How many calls worked, and how many were refused as too fast, so far.
  std::uint64_t worked() const { return worked_; }
  std::uint64_t limited_so_far() const { return limited_; }
  /// A call got through, or broke off in a way that may pass.
  void call_ended(const ListingKey& key, bool got_through);
  /// Of the last calls for other listings many broke off as well: the service is ill.
  bool others_break_off(const ListingKey& key) const;
  /// Another listing than `key`, first of all the one whose calls worked last, then any of those that are not
  /// in `asked`, by preference another user's of another group of the watchlist: those who fail alike are
  /// often alike. Nothing if no other one is known.
  std::optional<ListingKey> witness_for(const ListingKey& key, std::span<const ListingKey> asked = {});

  /// The failure was the listing's own: as long as it fails it says nothing of the others.
  void blame(const ListingKey& key);
  void absolve(const ListingKey& key);
  bool is_blamed(const ListingKey& key) const;
  /// What this listing asks of everybody is contradicted by others. Whether it may be passed over: that is
  /// for a few at a time only, since where many ask for the same they may be right.
  bool distrust(const ListingKey& key, SteadyTime now);

 private:
  /// The latest times of two different listings: enough to know the latest of all but any one.
  class LatestTwo {
   public:
    void note(const ListingKey& key, SteadyTime when);
    bool has(const ListingKey& but, SteadyTime when) const;
    bool has_any(SteadyTime when) const { return entries_[0] && entries_[0]->when >= when; }
    const ListingKey* latest(const ListingKey& but) const;

   private:
    struct Entry {
      ListingKey key;
      SteadyTime when;
    };
    const Entry* find(const ListingKey& but) const;
    std::array<std::optional<Entry>, 2> entries_;  ///< the latest first
  };

  LatestTwo working_;
  std::uint64_t worked_ = 0;
  std::uint64_t limited_ = 0;
  struct Ended {
    Fingerprint key{};
    bool got_through = true;
  };
  std::array<Ended, 20> ended_;  ///< the last ones, those of blamed listings left out
  std::size_t next_ended_ = 0;
  std::function<double()> chance_;
  std::vector<ListingKey> candidates_;
  std::size_t offered_ = 0;
  bool asked_the_latest_ = false;
  struct Distrusted {
    Fingerprint key{};
    SteadyTime last;
  };
  std::array<std::optional<Distrusted>, 3> distrusted_;
  boost::unordered_flat_set<Fingerprint> blamed_;
};

}  // namespace couponsync
