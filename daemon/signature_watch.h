#pragma once

#include <bitset>
#include <cstddef>
#include <optional>

namespace couponsync::daemon {

/// Tells WeChat Pay's own probes (now and then a reply whose signature is wrong on purpose, to see whether it
/// is verified) from something that breaks or forges replies: of the last 200 replies with a page, more than
/// 10 % and at least 10 failed verification. Pure.
class SignatureWatch {
 public:
  /// A reply's signature was right, or was not. Gives how many of the last ones failed when that becomes more
  /// than probes explain, and not again until it was less meanwhile.
  std::optional<std::size_t> replied(bool verified);
  std::size_t known() const { return known_; }

 private:
  static constexpr std::size_t kRemembered = 200;

  std::bitset<kRemembered> failed_;  ///< the newest is bit 0
  std::size_t known_ = 0;
  bool is_reported_ = false;
};

}  // namespace couponsync::daemon
