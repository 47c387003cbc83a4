#include "sync/freshness/listing_records.h"

namespace couponsync {

std::size_t ListingRecords::Hash::of(ListingId id) {
  // Numbers that follow one another are to be far apart.
  auto mixed = static_cast<std::uint64_t>(id) * 0x9E37'79B9'7F4A'7C15U;
  mixed ^= mixed >> 32U;
  return static_cast<std::size_t>(mixed * 0xD6E8'FEB8'6659'FD93U);
}

std::optional<ListingRecords::Slot> ListingRecords::find(ListingId id) const {
  const auto found = index_.find(id);
  if (found == index_.end()) return std::nullopt;
  return *found;
}

ListingRecords::Slot ListingRecords::add(ListingId id) {
  Slot slot = 0;
  if (free_.empty()) {
    slot = static_cast<Slot>(records_.size());
    records_.emplace_back();
  } else {
    slot = free_.back();
    free_.pop_back();
  }
  records_[slot] = {};
  records_[slot].id = id;
  records_[slot].is_watched = true;
  index_.insert(slot);
  return slot;
}

void ListingRecords::remove(Slot slot) {
  index_.erase(slot);
  records_[slot].is_watched = false;
  free_.push_back(slot);
}

std::size_t ListingRecords::bytes() const {
  constexpr std::size_t kBucket = sizeof(Slot) + 1;
  return records_.size() * sizeof(ListingRecord) + free_.capacity() * sizeof(Slot) +
         index_.bucket_count() * kBucket;
}

}  // namespace couponsync
