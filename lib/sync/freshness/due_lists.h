#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <vector>

namespace couponsync {

/// All that can be read, in lists of the same class (kind, group of users, rate of change), each in the
/// order of the last reading: within a list the first is the best to read, so that a choice looks at the
/// firsts alone, and a reading moves one to the end. 16 bytes each. Pure.
class DueLists {
 public:
  using Arm = std::uint32_t;
  using List = std::uint16_t;
  static constexpr Arm kNone = std::numeric_limits<Arm>::max();
  static constexpr std::size_t kKinds = 2;
  static constexpr std::size_t kGroups = 4;
  static constexpr std::size_t kRates = 64;
  static constexpr std::size_t kLists = kKinds * kGroups * kRates;

  /// The list for so many changes a second.
  static List list_of(std::size_t kind, std::size_t group, double rate);
  static std::size_t kind_of(List list) { return list / (kGroups * kRates); }
  static std::size_t group_of(List list) { return list / kRates % kGroups; }
  /// Changes a second of those in it.
  static double rate_of(List list);

  /// There are so many; the new ones are in no list.
  void resize(std::size_t arms) { arms_.resize(arms); }
  bool is_listed(Arm arm) const { return arms_[arm].list != kUnlisted; }
  /// Read just now: behind all others of the list, whichever it was in.
  void append(Arm arm, List list, std::uint32_t read_at);
  /// It was first, and is first again.
  void put_first(Arm arm, List list);
  void erase(Arm arm);

  Arm first(List list) const { return heads_[list].first; }
  Arm next(Arm arm) const { return arms_[arm].next; }
  List list(Arm arm) const { return arms_[arm].list; }
  std::uint32_t read_at(Arm arm) const { return arms_[arm].read_at; }
  void set_read_at(Arm arm, std::uint32_t read_at) { arms_[arm].read_at = read_at; }
  std::size_t size(List list) const { return heads_[list].size; }
  /// The lists that are not empty, in no order.
  const std::vector<List>& in_use() const { return in_use_; }
  /// As if its first had changed.
  void look_again(List list) { set_changed(list); }
  /// Calls with each list whose first changed since the last time.
  template <typename Visit>
  void visit_changed(Visit visit);

  std::size_t bytes() const { return arms_.size() * sizeof(Entry) + sizeof(*this); }

 private:
  static constexpr List kUnlisted = std::numeric_limits<List>::max();
  struct Entry {
    std::uint32_t read_at = 0;
    Arm before = kNone;
    Arm next = kNone;
    List list = kUnlisted;
  };
  static_assert(sizeof(Entry) == 16);
  struct Head {
    Arm first = kNone;
    Arm last = kNone;
    std::uint32_t size = 0;
    std::uint16_t place = 0;  ///< in `in_use_`
    bool is_changed = false;
  };
  void set_changed(List list);
  void grow(List list);
  void shrink(List list);

  std::deque<Entry> arms_;
  std::array<Head, kLists> heads_{};
  std::vector<List> in_use_;
  std::vector<List> changed_;
};

template <typename Visit>
void DueLists::visit_changed(Visit visit) {
  for (const List list : changed_) {
    heads_[list].is_changed = false;
    visit(list);
  }
  changed_.clear();
}

}  // namespace couponsync
