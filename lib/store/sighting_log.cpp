#include "store/sighting_log.h"

#include <functional>
#include <string>

namespace couponsync {

SightingLog::User SightingLog::user_of(const ListingKey& listing) {
  return std::hash<std::string>{}(listing.appid + '\n' + listing.openid.reveal());
}

void SightingLog::note_listed(User user, std::int64_t coupon, const Sighting& seen) {
  note(user, coupon, {.sent = seen.sent, .listed_received = seen.received});
}

void SightingLog::note_missing(User user, std::int64_t coupon, RequestOrder order) {
  note(user, coupon, {.sent = order});
}

void SightingLog::note(User user, std::int64_t coupon, const Mention& mention) {
  const auto [found, is_new] = users_[user].try_emplace(coupon, mention);
  std::optional<Mention> before;
  if (!is_new) before = found->second;
  const Mention now{.sent = std::max(mention.sent, found->second.sent),
                    .listed_received = std::max(mention.listed_received, found->second.listed_received)};
  if (before == now) return;
  found->second = now;
  notes_.push_back({user, coupon, now, before});
}

bool SightingLog::is_outdated(User user, std::int64_t coupon, RequestOrder sent) const {
  const auto coupons = users_.find(user);
  if (coupons == users_.end()) return false;
  const auto found = coupons->second.find(coupon);
  return found != coupons->second.end() && found->second.sent > sent;
}

void SightingLog::collect_listed_since(User user, RequestOrder began,
                                       std::unordered_set<std::int64_t>& coupons) const {
  const auto mention = users_.find(user);
  if (mention == users_.end()) return;
  for (const auto& [coupon, last] : mention->second)
    if (last.listed_received > began) coupons.insert(coupon);
}

void SightingLog::forget_before(RequestOrder oldest_open) {
  oldest_open_ = oldest_open;
  while (!notes_.empty() && notes_.front().mention.last() <= oldest_open) {
    erase(notes_.front());
    notes_.pop_front();
    ++forgotten_;
  }
}

/// Unless a later note took its place.
void SightingLog::erase(const Note& note) {
  const auto coupons = users_.find(note.user);
  if (coupons == users_.end()) return;
  const auto found = coupons->second.find(note.coupon);
  if (found == coupons->second.end() || found->second != note.mention) return;
  coupons->second.erase(found);
  if (coupons->second.empty()) users_.erase(coupons);
}

void SightingLog::take_back_to(Mark mark) {
  while (this->mark() > mark && !notes_.empty()) {
    const Note note = notes_.back();
    notes_.pop_back();
    if (note.before && note.before->last() > oldest_open_)
      users_[note.user][note.coupon] = *note.before;
    else
      erase(note);
  }
}

}  // namespace couponsync
