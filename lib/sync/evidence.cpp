#include "sync/evidence.h"

#include <algorithm>
#include <utility>

namespace couponsync {
namespace {

/// Among so many a few may fail by themselves.
constexpr std::size_t kMostCandidates = 64;
/// Those who were offered last stand for all, and those of long ago go.
constexpr std::size_t kMostOffered = 1024;
/// As long as a pause that is asked for is honoured.
constexpr std::chrono::seconds kDistrustFor{60};

/// Nothing that one of them meets is likely to be met by the other for the same reason.
int unlikeness(const ListingKey& a, const ListingKey& b) {
  const bool same_group = a.appid == b.appid && a.product_coupon_id == b.product_coupon_id &&
                          a.stock_id == b.stock_id && a.coupon_state == b.coupon_state;
  return (a.openid == b.openid ? 0 : 2) + (same_group ? 0 : 1);
}

}  // namespace

void Evidence::LatestTwo::note(const ListingKey& key, SteadyTime when) {
  auto& [first, second] = entries_;
  if (first && first->key == key) {
    first->when = std::max(first->when, when);
  } else if (second && second->key == key) {
    second->when = std::max(second->when, when);
  } else if (!second || when >= second->when) {
    second = Entry{key, when};
  }
  if (second && (!first || second->when > first->when)) std::swap(first, second);
}

const Evidence::LatestTwo::Entry* Evidence::LatestTwo::find(const ListingKey& but) const {
  for (const std::optional<Entry>& entry : entries_)
    if (entry && entry->key != but) return &*entry;
  return nullptr;
}

bool Evidence::LatestTwo::has(const ListingKey& but, SteadyTime when) const {
  const Entry* entry = find(but);
  return entry != nullptr && entry->when >= when;
}

const ListingKey* Evidence::LatestTwo::latest(const ListingKey& but) const {
  const Entry* entry = find(but);
  return entry == nullptr ? nullptr : &entry->key;
}

void Evidence::offer(const ListingKey& key) {
  if (std::ranges::find(candidates_, key) != candidates_.end()) return;
  offered_ = std::min(offered_ + 1, kMostOffered);
  if (candidates_.size() < kMostCandidates) return candidates_.push_back(key);
  // A random choice of those that were offered lately, in whatever order they came.
  const auto place = static_cast<std::size_t>(chance_() * static_cast<double>(offered_));
  if (place < candidates_.size()) candidates_[place] = key;
}

void Evidence::retract(const ListingKey& key) { std::erase(candidates_, key); }

void Evidence::forget_witnesses() {
  candidates_.clear();
  offered_ = 0;
  working_ = {};
}

void Evidence::answered(const ListingKey& key, SteadyTime sent_at, bool works) {
  if (works) working_.note(key, sent_at);
  worked_ += works ? 1 : 0;
}

void Evidence::call_ended(const ListingKey& key, bool got_through) {
  if (is_blamed(key)) return;
  ended_[next_ended_] = {fingerprint_of(key), got_through};
  next_ended_ = (next_ended_ + 1) % ended_.size();
}

bool Evidence::others_break_off(const ListingKey& key) const {
  const Fingerprint own = fingerprint_of(key);
  const auto broken = std::ranges::count_if(
      ended_, [own](const Ended& call) { return call.key != own && !call.got_through; });
  return static_cast<std::size_t>(broken) * 5 >= ended_.size();
}

std::optional<ListingKey> Evidence::witness_for(const ListingKey& key, std::span<const ListingKey> asked) {
  const auto is_usable = [&](const ListingKey& other) {
    return other != key && !is_blamed(other) && std::ranges::find(asked, other) == asked.end();
  };
  // The one that worked last may have begun to fail as well: so it takes turns with the candidates.
  asked_the_latest_ = !asked_the_latest_ || asked.empty();
  const ListingKey* latest = working_.latest(key);
  const bool latest_is_usable = latest != nullptr && is_usable(*latest);
  if (asked_the_latest_ && latest_is_usable) return *latest;
  const ListingKey* best = nullptr;
  double best_rank = 0;
  for (const ListingKey& candidate : candidates_) {
    if (!is_usable(candidate)) continue;
    int unlike = unlikeness(candidate, key);
    for (const ListingKey& other : asked) unlike = std::min(unlike, unlikeness(candidate, other));
    const double rank = unlike + chance_();
    if (best != nullptr && rank <= best_rank) continue;
    best = &candidate;
    best_rank = rank;
  }
  if (best != nullptr) return *best;
  if (latest_is_usable) return *latest;
  return std::nullopt;
}

bool Evidence::distrust(const ListingKey& key, SteadyTime now) {
  const Fingerprint fingerprint = fingerprint_of(key);
  std::optional<Distrusted>* free = nullptr;
  for (std::optional<Distrusted>& place : distrusted_) {
    if (place && place->key == fingerprint) {
      place->last = now;
      return true;
    }
    if (!place || now - place->last > kDistrustFor) free = &place;
  }
  if (free != nullptr) *free = Distrusted{fingerprint, now};
  return free != nullptr;
}

void Evidence::blame(const ListingKey& key) {
  const Fingerprint fingerprint = fingerprint_of(key);
  blamed_.insert(fingerprint);
  // It is passed over anyway, and another one may take its place.
  for (std::optional<Distrusted>& place : distrusted_)
    if (place && place->key == fingerprint) place.reset();
}
void Evidence::absolve(const ListingKey& key) {
  if (!blamed_.empty()) blamed_.erase(fingerprint_of(key));
}
bool Evidence::is_blamed(const ListingKey& key) const {
  return !blamed_.empty() && blamed_.contains(fingerprint_of(key));
}

}  // namespace couponsync
