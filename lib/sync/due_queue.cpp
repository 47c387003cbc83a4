#include "sync/due_queue.h"

#include <algorithm>
#include <stdexcept>
#include <string>
#include <utility>

namespace couponsync {
namespace {

template <class Small>
Small saturated(std::int64_t value) {
  return static_cast<Small>(std::clamp<std::int64_t>(value, 0, std::numeric_limits<Small>::max()));
}

}  // namespace

void ListingCensus::count(const Standing& standing, int by) {
  const auto add = [by](auto& counter) { counter += static_cast<std::size_t>(by); };
  const bool is_failing = standing.failures > 0;
  add(watched_);
  if (is_failing) add(failing_);
  pages_ += by * standing.pages;
  if (!standing.completed) return add(never_completed_);
  const auto found = by_completion_.try_emplace(*standing.completed).first;
  add(found->second.all);
  if (is_failing) add(found->second.failing);
  if (found->second.all == 0) by_completion_.erase(found);
}

std::size_t ListingCensus::fresh(Tick since) const {
  std::size_t fresh = 0;
  for (auto at = by_completion_.lower_bound(since); at != by_completion_.end(); ++at)
    fresh += at->second.all - at->second.failing;
  return fresh;
}

bool DueQueue::add(ListingId id, const Standing& standing, PassNumber accounted) {
  if (Entry* entry = find(id)) {
    if (!std::exchange(entry->is_removed, false)) return false;
    entry->is_asked = true;
    entry->due = standing.due;
    entry->accounted = accounted;
    census_.count(standing_of(*entry), 1);
    return true;
  }
  const auto index = static_cast<Index>(entries_.size());
  Entry entry;
  entry.id = id;
  entry.accounted = accounted;
  set(entry, standing);
  entries_.push_back(entry);
  by_id_.emplace(id, index);
  census_.count(standing_of(entry), 1);
  push(index);
  return true;
}

std::optional<DueQueue::Removed> DueQueue::remove(ListingId id) {
  Entry* entry = find(id);
  if (entry == nullptr || entry->is_removed) return std::nullopt;
  census_.count(standing_of(*entry), -1);
  const Removed removed{.accounted = entry->accounted, .is_taken = entry->place == kTaken};
  if (removed.is_taken)
    entry->is_removed = true;
  else
    erase(id);
  return removed;
}

bool DueQueue::contains(ListingId id) const {
  const Entry* entry = find(id);
  return entry != nullptr && !entry->is_removed;
}

std::optional<DueQueue::Taken> DueQueue::take_next(Tick now) {
  if (heap_.empty()) return std::nullopt;
  return take(entries_[heap_.front()].id, now);
}

std::optional<DueQueue::Taken> DueQueue::take(ListingId id, Tick by) {
  Entry* entry = find(id);
  if (entry == nullptr || entry->place == kTaken || entry->due > by) return std::nullopt;
  leave_heap(*entry);
  return Taken{.id = id, .accounted = entry->accounted, .is_hinted = is_hinted(entry->due)};
}

bool DueQueue::begin(ListingId id) {
  Entry* entry = find(id);
  if (entry == nullptr) return false;
  entry->is_asked = false;
  return !entry->is_removed;
}

bool DueQueue::put_back(ListingId id, const Standing& standing, PassNumber accounted) {
  Entry* entry = find(id);
  if (entry == nullptr || entry->place != kTaken)
    throw std::logic_error("listing " + std::to_string(id) + " was not taken");
  if (entry->is_removed) {
    erase(id);
    return false;
  }
  census_.count(standing_of(*entry), -1);
  const Tick asked_for = entry->due;
  set(*entry, standing);
  if (std::exchange(entry->is_asked, false)) entry->due = std::min(entry->due, asked_for);
  entry->accounted = std::max(entry->accounted, accounted);
  census_.count(standing_of(*entry), 1);
  push(static_cast<Index>(entry - entries_.data()));
  return true;
}

void DueQueue::put_back(ListingId id) {
  if (const Entry* entry = find(id)) put_back(id, standing_of(*entry), entry->accounted);
}

std::optional<DueQueue::Removed> DueQueue::drop(ListingId id) {
  const std::optional<Removed> removed = remove(id);
  put_back(id);
  return removed;
}

void DueQueue::ask_all(Tick now) {
  for (Entry& entry : entries_) {
    const bool was_asked = entry.is_asked;
    entry.is_asked = entry.place == kTaken;
    // While it is read, `due` says when it was asked for meanwhile.
    entry.due = entry.is_asked && !was_asked ? now : std::min(entry.due, now);
  }
  // Some moved up past others: no entry is where a heap has it for certain.
  for (std::size_t place = heap_.size() / 2; place-- > 0;) sift_down(place);
}

bool DueQueue::hint(ListingId id) {
  Entry* entry = find(id);
  if (entry == nullptr || entry->is_removed) return false;
  const bool is_taken = entry->place == kTaken;
  // What is read may have been hinted before its reading began: that counts no more.
  if (is_hinted(entry->due) && (!is_taken || entry->is_asked)) return true;
  if (!has_hinted()) next_hint_ = std::numeric_limits<Tick>::min();
  entry->due = next_hint_;
  next_hint_ = std::min(next_hint_ + 1, Standing::kHintedBefore - 1);
  entry->is_asked = is_taken;
  if (!is_taken) sift_up(entry->place);
  return true;
}

bool DueQueue::has_hinted() const { return !heap_.empty() && is_hinted(entries_[heap_.front()].due); }

std::optional<Tick> DueQueue::next_due() const {
  if (heap_.empty()) return std::nullopt;
  return entries_[heap_.front()].due;
}

DueQueue::Entry* DueQueue::find(ListingId id) {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : &entries_[found->second];
}

const DueQueue::Entry* DueQueue::find(ListingId id) const {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : &entries_[found->second];
}

Standing DueQueue::standing_of(const Entry& entry) {
  return {.due = entry.due,
          .completed = entry.is_completed ? std::optional(entry.completed) : std::nullopt,
          .failures = entry.failures,
          .pages = entry.pages};
}

void DueQueue::set(Entry& entry, const Standing& standing) {
  entry.due = standing.due;
  entry.is_completed = standing.completed.has_value();
  entry.completed = standing.completed.value_or(0);
  entry.failures = saturated<std::uint8_t>(standing.failures);
  entry.pages = saturated<std::uint32_t>(standing.pages);
}

/// The last entry takes the place of the one that goes.
void DueQueue::erase(ListingId id) {
  const auto found = by_id_.find(id);
  const Index index = found->second;
  if (entries_[index].place != kTaken) leave_heap(entries_[index]);
  by_id_.erase(found);
  const auto last = static_cast<Index>(entries_.size() - 1);
  if (index != last) {
    entries_[index] = entries_[last];
    by_id_[entries_[index].id] = index;
    if (entries_[index].place != kTaken) heap_[entries_[index].place] = index;
  }
  entries_.pop_back();
}

bool DueQueue::is_before(Index a, Index b) const {
  const Entry& left = entries_[a];
  const Entry& right = entries_[b];
  return left.due != right.due ? left.due < right.due : left.id < right.id;
}

void DueQueue::put(std::size_t place, Index index) {
  heap_[place] = index;
  entries_[index].place = static_cast<std::uint32_t>(place);
}

void DueQueue::push(Index index) {
  heap_.push_back(index);
  put(heap_.size() - 1, index);
  sift_up(heap_.size() - 1);
}

void DueQueue::leave_heap(Entry& entry) {
  const std::size_t place = std::exchange(entry.place, kTaken);
  const Index last = heap_.back();
  heap_.pop_back();
  if (place == heap_.size()) return;
  put(place, last);
  sift_up(place);
  sift_down(entries_[last].place);
}

void DueQueue::sift_up(std::size_t place) {
  const Index index = heap_[place];
  while (place > 0) {
    const std::size_t parent = (place - 1) / 2;
    if (!is_before(index, heap_[parent])) break;
    put(place, heap_[parent]);
    place = parent;
  }
  put(place, index);
}

void DueQueue::sift_down(std::size_t place) {
  const Index index = heap_[place];
  for (;;) {
    std::size_t child = 2 * place + 1;
    if (child >= heap_.size()) break;
    if (child + 1 < heap_.size() && is_before(heap_[child + 1], heap_[child])) ++child;
    if (!is_before(heap_[child], index)) break;
    put(place, heap_[child]);
    place = child;
  }
  put(place, index);
}

}  // namespace couponsync
