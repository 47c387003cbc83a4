#pragma once

#include <filesystem>

namespace couponsync {

/// The right to write to a mirror: an flock on `<mirror>.lock`, which names its holder. The kernel drops it
/// with the process, however that ends; the file stays, since removing it would let two processes hold locks
/// on two files of that name.
class WriterLock {
 public:
  /// Throws MirrorError: in_use, or unwritable where no lock file can be made.
  explicit WriterLock(const std::filesystem::path& mirror);
  WriterLock(WriterLock&& other) noexcept;
  WriterLock& operator=(WriterLock&&) = delete;
  ~WriterLock();

 private:
  int descriptor_ = -1;
};

}  // namespace couponsync
