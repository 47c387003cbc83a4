#pragma once

#include "base/listing.h"
#include "sync/freshness/change_rate.h"

#include <boost/unordered/unordered_flat_set.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

namespace couponsync {

/// What the policy knows of one listing, apart from its places in the lists.
struct ListingRecord {
  ListingId id = 0;
  ChangeRecord changes;
  float hazard = 0;            ///< uses a second of its live coupons, of an average user
  std::uint32_t whole_at = 0;  ///< Unix seconds of its last whole reading
  std::uint32_t main_at = 0;   ///< and of that, or of the last EFFECTIVE one
  std::uint32_t known = 0;     ///< coupons
  std::uint16_t live = 0;      ///< those that are EFFECTIVE
  std::uint8_t group = 0;
  bool is_watched : 1 = false;
  bool is_read : 1 = false;     ///< at least once, whole
  bool is_many : 1 = false;     ///< it takes several pages: probes are cheaper
  bool is_reading : 1 = false;  ///< somebody reads it
  bool is_chosen : 1 = false;   ///< because the policy said so, and took its price
};
static_assert(sizeof(ListingRecord) == 48);

/// The records by number, in slots that stay; a lookup by id costs 5 to 10 bytes a listing. Pure.
class ListingRecords {
 public:
  using Slot = std::uint32_t;

  ListingRecords() : index_(0, Hash{&records_}, Equal{&records_}) {}
  ListingRecords(const ListingRecords&) = delete;
  ListingRecords& operator=(const ListingRecords&) = delete;

  std::optional<Slot> find(ListingId id) const;
  /// It is not there yet.
  Slot add(ListingId id);
  void remove(Slot slot);

  ListingRecord& operator[](Slot slot) { return records_[slot]; }
  const ListingRecord& operator[](Slot slot) const { return records_[slot]; }
  /// All that were ever needed at a time: some may be free.
  std::size_t slots() const { return records_.size(); }
  std::size_t size() const { return index_.size(); }
  std::size_t bytes() const;

 private:
  using Records = std::deque<ListingRecord>;
  struct Hash {
    using is_transparent = void;
    const Records* records;
    static std::size_t of(ListingId id);
    std::size_t operator()(ListingId id) const { return of(id); }
    std::size_t operator()(Slot slot) const { return of((*records)[slot].id); }
  };
  struct Equal {
    using is_transparent = void;
    const Records* records;
    bool operator()(Slot a, Slot b) const { return a == b; }
    bool operator()(ListingId id, Slot slot) const { return (*records)[slot].id == id; }
    bool operator()(Slot slot, ListingId id) const { return (*records)[slot].id == id; }
  };

  Records records_;
  std::vector<Slot> free_;
  boost::unordered_flat_set<Slot, Hash, Equal> index_;
};

}  // namespace couponsync
