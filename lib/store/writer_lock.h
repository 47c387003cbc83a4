#pragma once

#include "store/descriptor.h"
#include "store/file_identity.h"

#include <filesystem>

namespace couponsync {

/// The right to write to a mirror: an flock on `<mirror>.lock`, which names its holder. The kernel drops it
/// with the process, however that ends; the file stays, since removing it would let two processes hold locks
/// on two files of that name. Who removes it all the same is noticed by `identity` (see FileWatch).
class WriterLock {
 public:
  /// Throws MirrorError: in_use, or unwritable where no lock file can be made.
  explicit WriterLock(const std::filesystem::path& mirror);
  WriterLock(WriterLock&&) = default;
  WriterLock& operator=(WriterLock&&) = delete;
  ~WriterLock();

  static std::filesystem::path file_of(const std::filesystem::path& mirror) {
    return mirror.string() + ".lock";
  }
  /// The file's that is locked.
  FileIdentity identity() const { return identity_; }

 private:
  Descriptor descriptor_;
  FileIdentity identity_;
};

}  // namespace couponsync
