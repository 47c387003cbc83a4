#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace couponsync {

/// How far the Writer is. Jobs waiting while `completed` stays as it is mean that its thread hangs, or that
/// another program holds a lock.
struct WriterProgress {
  std::size_t pending = 0;                 ///< jobs queued or running
  std::uint64_t completed = 0;             ///< jobs since the start, whatever came of them
  std::chrono::milliseconds lock_wait{0};  ///< for another program's lock, by now; 0: for none
};

}  // namespace couponsync
