#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace couponsync {

/// Knows the last `most` different texts again, by 64 bits of their SHA-256 each. Pure.
class RecentIds {
 public:
  explicit RecentIds(std::size_t most) : most_(most) {}

  /// Remembers it; false if it was among them.
  bool is_first(std::string_view id);

 private:
  std::size_t most_;
  std::unordered_set<std::uint64_t> known_;
  std::vector<std::uint64_t> order_;  ///< a ring, once it is full
  std::size_t oldest_ = 0;
};

}  // namespace couponsync
