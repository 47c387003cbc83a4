#include "sync/freshness/due_lists.h"

#include <algorithm>
#include <cmath>

namespace couponsync {
namespace {

constexpr double kLowestRate = 1e-8;
constexpr double kRateStep = 1.25;

const std::array<double, DueLists::kRates>& rates() {
  static const auto kRates = [] {
    std::array<double, DueLists::kRates> made{};
    for (std::size_t step = 0; step < made.size(); ++step)
      made[step] = kLowestRate * std::pow(kRateStep, static_cast<double>(step) + 0.5);
    return made;
  }();
  return kRates;
}

}  // namespace

DueLists::List DueLists::list_of(std::size_t kind, std::size_t group, double rate) {
  double step = std::floor(std::log(std::max(rate, kLowestRate) / kLowestRate) / std::log(kRateStep));
  step = std::clamp(step, 0.0, static_cast<double>(kRates - 1));
  return static_cast<List>((kind * kGroups + group) * kRates + static_cast<std::size_t>(step));
}

double DueLists::rate_of(List list) { return rates()[list % kRates]; }

void DueLists::set_changed(List list) {
  if (heads_[list].is_changed) return;
  heads_[list].is_changed = true;
  changed_.push_back(list);
}

void DueLists::grow(List list) {
  Head& head = heads_[list];
  if (head.size++ > 0) return;
  head.place = static_cast<std::uint16_t>(in_use_.size());
  in_use_.push_back(list);
}

void DueLists::shrink(List list) {
  Head& head = heads_[list];
  if (--head.size > 0) return;
  in_use_[head.place] = in_use_.back();
  heads_[in_use_.back()].place = head.place;
  in_use_.pop_back();
}

void DueLists::append(Arm arm, List list, std::uint32_t read_at) {
  erase(arm);
  Head& head = heads_[list];
  arms_[arm] = {read_at, head.last, kNone, list};
  if (head.last == kNone) {
    head.first = arm;
    set_changed(list);
  } else {
    arms_[head.last].next = arm;
  }
  head.last = arm;
  grow(list);
}

void DueLists::put_first(Arm arm, List list) {
  erase(arm);
  Head& head = heads_[list];
  arms_[arm] = {arms_[arm].read_at, kNone, head.first, list};
  if (head.first == kNone) {
    head.last = arm;
  } else {
    arms_[head.first].before = arm;
  }
  head.first = arm;
  set_changed(list);
  grow(list);
}

void DueLists::erase(Arm arm) {
  Entry& entry = arms_[arm];
  if (entry.list == kUnlisted) return;
  Head& head = heads_[entry.list];
  if (entry.before == kNone) {
    head.first = entry.next;
    set_changed(entry.list);
  } else {
    arms_[entry.before].next = entry.next;
  }
  if (entry.next == kNone) {
    head.last = entry.before;
  } else {
    arms_[entry.next].before = entry.before;
  }
  shrink(entry.list);
  entry.list = kUnlisted;
  entry.before = kNone;
  entry.next = kNone;
}

}  // namespace couponsync
