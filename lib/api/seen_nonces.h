#pragma once

#include "base/time.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <string_view>
#include <vector>

namespace couponsync {

/// The replies that were accepted lately, so that none is accepted twice. A reply is known by what WeChat Pay
/// signed beside its body: its second and its nonce. It is remembered for as long as its time would still be
/// accepted, which is twice the skew allowed if its clock is ahead by that much.
///
/// 8 bytes a reply: 500 a second are 2.4 MB. Beyond 4 million the oldest are forgotten. Pure: takes `now`.
class SeenNonces {
 public:
  /// `window`: how far a reply's time may be from `now`; a reply as far away as that is not accepted at all.
  explicit SeenNonces(UnixSeconds window) : window_(window) {}

  /// Remembers the pair; false if it was seen before.
  bool is_first(UnixSeconds signed_at, std::string_view nonce, UnixSeconds now);

  std::size_t size() const { return size_; }

 private:
  static constexpr std::size_t kMost = 4'000'000;

  using Hashes = std::vector<std::uint64_t>;

  void forget(std::map<UnixSeconds, Hashes>::iterator second);

  UnixSeconds window_;
  std::map<UnixSeconds, Hashes> seen_;  ///< by the second they were signed in
  std::size_t size_ = 0;
};

}  // namespace couponsync
