#pragma once

#include <cstdint>

namespace couponsync {

/// While it lives, SQLite's n-th allocation on this thread, counted from 1, finds no memory.
class MemoryFault {
 public:
  explicit MemoryFault(std::int64_t nth);
  MemoryFault(const MemoryFault&) = delete;
  MemoryFault& operator=(const MemoryFault&) = delete;
  ~MemoryFault();

  /// Whether it came to that.
  bool struck() const;
};

}  // namespace couponsync
