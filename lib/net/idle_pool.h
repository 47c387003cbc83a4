#pragma once

#include "base/time.h"

#include <chrono>
#include <cstddef>
#include <deque>
#include <optional>
#include <utility>

namespace couponsync {

/// Keeps what is not in use and gives the youngest back first, so that what is not needed grows old. Nothing
/// is given back once it is `max_idle` old; the aged are destroyed at the next call. Pure: takes `now`.
template <class T>
class IdlePool {
 public:
  IdlePool(std::chrono::milliseconds max_idle, std::size_t most) : max_idle_(max_idle), most_(most) {}

  void put(T item, SteadyTime now) {
    drop_aged(now);
    items_.emplace_back(std::move(item), now);
    if (items_.size() > most_) items_.pop_front();
  }

  std::optional<T> take(SteadyTime now) {
    drop_aged(now);
    if (items_.empty()) return std::nullopt;
    std::optional<T> item(std::move(items_.back().first));
    items_.pop_back();
    return item;
  }

  /// Destroys what is kept.
  void clear() { items_.clear(); }

  std::size_t size() const { return items_.size(); }

 private:
  void drop_aged(SteadyTime now) {
    while (!items_.empty() && now - items_.front().second >= max_idle_) items_.pop_front();
  }

  std::chrono::milliseconds max_idle_;
  std::size_t most_;
  std::deque<std::pair<T, SteadyTime>> items_;  ///< oldest first
};

}  // namespace couponsync
