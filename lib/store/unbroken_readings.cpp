#include "store/unbroken_readings.h"

namespace couponsync {

UnbrokenReading* UnbrokenReadings::continue_with(const Listing& listing, const PageCommit& page,
                                                 const SightingLog& log) {
  const Integer& total_count = page.page.total_count;
  const auto found = readings_.find(listing.id);
  if (page.page_index == 0) {
    UnbrokenReading begun;
    begun.user = SightingLog::user_of(listing.key);
    begun.began = page.seen.reading_began;
    begun.promised = total_count;
    begun.refused_entries = page.page.refused_entries;
    if (found != readings_.end() && found->second.is_finished)
      begun.seen_before = std::move(found->second.seen);
    log.collect_listed_since(begun.user, begun.began, begun.listed_elsewhere);
    return &readings_.insert_or_assign(listing.id, std::move(begun)).first->second;
  }
  if (found == readings_.end() || found->second.is_finished || page.after_break) {
    if (found != readings_.end()) readings_.erase(found);
    return nullptr;
  }
  UnbrokenReading& reading = found->second;
  reading.refused_entries += page.page.refused_entries;
  if (total_count && total_count != reading.promised) reading.contradicted = true;
  return &reading;
}

void UnbrokenReadings::note_seen(ListingId listing, SightingLog::User user,
                                 const std::vector<std::int64_t>& coupons, RequestOrder received) {
  for (auto& [id, reading] : readings_) {
    if (id == listing)
      reading.seen.insert(coupons.begin(), coupons.end());
    else if (reading.user == user && received > reading.began)
      reading.listed_elsewhere.insert(coupons.begin(), coupons.end());
  }
}

}  // namespace couponsync
