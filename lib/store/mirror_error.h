#pragma once

#include <stdexcept>
#include <string>

namespace couponsync {

/// Why a mirror cannot be opened or used at all; the daemon's exit code follows from it.
class MirrorError : public std::runtime_error {
 public:
  enum class Reason {
    in_use,              ///< another process writes to it (75)
    refused,             ///< not ours, another brand's, newer than this program, or damaged (65)
    unwritable,          ///< cannot be created or written, disk full (74)
    out_of_descriptors,  ///< passing: no file descriptor was left to open a file (74)
    gone,                ///< its files were removed or replaced while it was open (74)
  };
  MirrorError(Reason reason, const std::string& what) : std::runtime_error(what), reason_(reason) {}
  Reason reason() const { return reason_; }

 private:
  Reason reason_;
};

}  // namespace couponsync
