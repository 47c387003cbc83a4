#include "store/readings.h"

namespace couponsync {

Reading* Readings::continue_with(const ListingState& listing, const PageCommit& page) {
  const Integer& total_count = page.page.total_count;
  const auto found = readings_.find(listing.id);
  if (page.page_index == 0) {
    Reading begun;
    begun.appid = listing.key.appid;
    begun.openid = listing.key.openid;
    begun.promised = total_count;
    if (found != readings_.end() && found->second.ended) begun.seen_before = std::move(found->second.seen);
    return &readings_.insert_or_assign(listing.id, std::move(begun)).first->second;
  }
  if (found == readings_.end() || found->second.ended) return nullptr;
  Reading& reading = found->second;
  if (total_count && total_count != reading.promised) reading.contradicted = true;
  return &reading;
}

void Readings::note_seen(const ListingState& listing, const std::vector<std::int64_t>& coupons) {
  for (auto& [id, reading] : readings_) {
    if (reading.openid != listing.key.openid || reading.appid != listing.key.appid) continue;
    auto& ids = id == listing.id ? reading.seen : reading.seen_elsewhere;
    ids.insert(coupons.begin(), coupons.end());
  }
}

void Readings::keep_only(const std::vector<ListingState>& listings) {
  std::unordered_set<ListingId> kept;
  for (const ListingState& listing : listings) kept.insert(listing.id);
  std::erase_if(readings_, [&](const auto& entry) { return !kept.contains(entry.first); });
}

}  // namespace couponsync
