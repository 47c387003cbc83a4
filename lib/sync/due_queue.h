#pragma once

#include "base/listing.h"

#include <boost/unordered/unordered_flat_map.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <vector>

namespace couponsync {

/// Seconds of the steady clock since some moment of this process: what is due does not depend on somebody's
/// setting the clock.
using Tick = std::int32_t;

/// Numbers the times that everything was asked for, from 1; see RunLedger.
using PassNumber = std::uint32_t;

/// What the queue knows of a listing that is watched.
struct Standing {
  /// Before all that is due at some time; what is to come before that is lower still.
  static constexpr Tick kAtOnce = std::numeric_limits<Tick>::min() / 2;
  /// What was hinted comes before all else, in the order of the hints.
  static constexpr Tick kHintedBefore = kAtOnce + kAtOnce / 2;

  Tick due = kAtOnce;             ///< when it is to be read next
  std::optional<Tick> completed;  ///< when it was read to its end last
  std::int64_t failures = 0;      ///< in a row
  std::int64_t pages = 0;         ///< that reading it takes, as far as known
};

/// How the watched listings are, counted as it changes, so that asking costs the same for ten and for a
/// million.
class ListingCensus {
 public:
  struct Count {
    std::size_t all = 0;
    std::size_t failing = 0;
  };

  std::size_t watched() const { return watched_; }
  std::size_t failing() const { return failing_; }
  std::size_t never_completed() const { return never_completed_; }
  std::int64_t pages() const { return pages_; }
  /// Read to their end at `since` or later, and not failing.
  std::size_t fresh(Tick since) const;
  /// Those that were ever read to their end, by when they were so last, the oldest first.
  const std::map<Tick, Count>& by_completion() const { return by_completion_; }

 private:
  friend class DueQueue;
  void count(const Standing& standing, int by);

  std::size_t watched_ = 0;
  std::size_t failing_ = 0;
  std::size_t never_completed_ = 0;
  std::int64_t pages_ = 0;
  std::map<Tick, Count> by_completion_;
};

/// All watched listings in the order in which they are due: the one place that says what is read next. A
/// listing that is taken is being read, by one reader, until it is put back. Holds no openid. Pure.
class DueQueue {
 public:
  struct Taken {
    ListingId id = 0;
    PassNumber accounted = 0;  ///< the newest pass that it was accounted for
    bool is_hinted = false;
  };

  /// Watches the listing. One that is there already stays as it is; one that is still being read though it
  /// was removed comes back when it is put back, due at once. False: it was there.
  bool add(ListingId id, const Standing& standing, PassNumber accounted);
  struct Removed {
    PassNumber accounted = 0;
    bool is_taken = false;  ///< it is being read: the reader is to be stopped, and puts it back all the same
  };
  /// Watches it no more; nothing if it is not there.
  std::optional<Removed> remove(ListingId id);
  bool contains(ListingId id) const;
  /// The newest pass that it was accounted for: another one than when it was taken where it left and came
  /// back meanwhile. It is there.
  PassNumber accounted(ListingId id) const { return find(id)->accounted; }

  /// The listing that has been due the longest; nothing if none is due.
  std::optional<Taken> take_next(Tick now);
  /// This listing, if it is due until `by` and nobody reads it.
  std::optional<Taken> take(ListingId id, Tick by);
  /// The reading of a taken listing begins now: what was asked for before is done by it. False if it is
  /// watched no more.
  bool begin(ListingId id);
  /// The reading is over. False if it is watched no more.
  bool put_back(ListingId id, const Standing& standing, PassNumber accounted);
  /// It was not read: it stands as it stood.
  void put_back(ListingId id);
  /// The taken listing is not to be read again: it is watched no more; nothing if it was not before.
  std::optional<Removed> drop(ListingId id);

  /// Everything is due now; what is being read is due again. What was due before keeps its place.
  void ask_all(Tick now);
  /// It is read next, before all that nobody hinted; once more if it is being read. False if it is not
  /// watched.
  bool hint(ListingId id);
  /// It was hinted, and no reading has been put back since.
  bool is_hinted(ListingId id) const {
    const Entry* entry = find(id);
    return entry != nullptr && is_hinted(entry->due);
  }
  /// Some that were hinted are not being read yet.
  bool has_hinted() const;
  /// The soonest of those nobody reads; nothing if there are none.
  std::optional<Tick> next_due() const;

  std::size_t size() const { return census_.watched(); }
  const ListingCensus& census() const { return census_; }

 private:
  struct Entry {
    ListingId id = 0;
    Tick due = 0;
    Tick completed = 0;
    std::uint32_t place = 0;  ///< in the heap
    std::uint32_t pages = 0;
    PassNumber accounted = 0;
    std::uint8_t failures = 0;
    bool is_completed = false;
    bool is_asked = false;    ///< for again, while it is being read
    bool is_removed = false;  ///< while it is being read
  };
  static_assert(sizeof(Entry) == 32);
  using Index = std::uint32_t;
  static bool is_hinted(Tick due) { return due < Standing::kHintedBefore; }
  static constexpr std::uint32_t kTaken = std::numeric_limits<std::uint32_t>::max();

  Entry* find(ListingId id);
  const Entry* find(ListingId id) const;
  static Standing standing_of(const Entry& entry);
  static void set(Entry& entry, const Standing& standing);
  void erase(ListingId id);
  bool is_before(Index a, Index b) const;
  void push(Index index);
  void leave_heap(Entry& entry);
  void sift_up(std::size_t place);
  void sift_down(std::size_t place);
  void put(std::size_t place, Index index);

  std::vector<Entry> entries_;
  boost::unordered_flat_map<ListingId, Index> by_id_;
  std::vector<Index> heap_;  ///< the soonest first
  ListingCensus census_;
  Tick next_hint_ = std::numeric_limits<Tick>::min();
};

}  // namespace couponsync
