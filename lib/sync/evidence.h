#pragma once

#include "base/failure.h"
#include "base/listing.h"
#include "base/time.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <unordered_set>
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
/// listings, and by naming one that can be asked as a witness. Pure.
class Evidence {
 public:
  /// A listing that may be asked: one that did not fail last time. The last few that were offered are kept.
  void offer(const ListingKey& key);
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
  void ended(const ListingKey& key, bool got_through);
  /// Of the last calls for other listings many broke off as well: the service is ill.
  bool others_break_off(const ListingKey& key) const;
  /// Another listing, by preference one whose calls worked lately, and not always the same. Nothing if no
  /// other one is known.
  std::optional<ListingKey> witness_for(const ListingKey& key);

  /// The failure was the listing's own: as long as it fails it says nothing of the others.
  void blame(const ListingKey& key);
  void absolve(const ListingKey& key);
  bool is_blamed(const ListingKey& key) const;

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
    std::size_t key = 0;  ///< its hash
    bool got_through = true;
  };
  std::array<Ended, 20> ended_;  ///< the last ones, those of blamed listings left out
  std::size_t next_ended_ = 0;
  std::vector<ListingKey> candidates_;
  std::size_t next_candidate_ = 0;
  std::size_t next_offered_ = 0;
  bool asked_the_latest_ = false;
  std::unordered_set<std::size_t> blamed_;  ///< hashes
};

}  // namespace couponsync
