#include "sync/evidence.h"

#include <algorithm>
#include <utility>

namespace couponsync {
namespace {

/// Among so many a few may fail by themselves.
constexpr std::size_t kMostCandidates = 8;

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
  if (candidates_.size() < kMostCandidates)
    candidates_.push_back(key);
  else
    candidates_[next_offered_++ % kMostCandidates] = key;
}

void Evidence::forget_witnesses() {
  candidates_.clear();
  working_ = {};
}

void Evidence::answered(const ListingKey& key, SteadyTime sent_at, bool works) {
  if (works) working_.note(key, sent_at);
  worked_ += works ? 1 : 0;
}

void Evidence::ended(const ListingKey& key, bool got_through) {
  if (is_blamed(key)) return;
  ended_[next_ended_] = {hash_of(key), got_through};
  next_ended_ = (next_ended_ + 1) % ended_.size();
}

bool Evidence::others_break_off(const ListingKey& key) const {
  const std::size_t own = hash_of(key);
  const auto broken = std::ranges::count_if(
      ended_, [own](const Ended& call) { return call.key != own && !call.got_through; });
  return static_cast<std::size_t>(broken) * 5 >= ended_.size();
}

std::optional<ListingKey> Evidence::witness_for(const ListingKey& key) {
  // The one that worked last may have begun to fail as well: so it takes turns with the candidates.
  asked_the_latest_ = !asked_the_latest_;
  const ListingKey* latest = working_.latest(key);
  const bool latest_is_usable = latest != nullptr && !is_blamed(*latest);
  if (asked_the_latest_ && latest_is_usable) return *latest;
  for (std::size_t i = 0; i < candidates_.size(); ++i) {
    const ListingKey& candidate = candidates_[next_candidate_++ % candidates_.size()];
    if (candidate != key && !is_blamed(candidate)) return candidate;
  }
  if (latest_is_usable) return *latest;
  return std::nullopt;
}

void Evidence::blame(const ListingKey& key) { blamed_.insert(hash_of(key)); }
void Evidence::absolve(const ListingKey& key) {
  if (!blamed_.empty()) blamed_.erase(hash_of(key));
}
bool Evidence::is_blamed(const ListingKey& key) const {
  return !blamed_.empty() && blamed_.contains(hash_of(key));
}

}  // namespace couponsync
