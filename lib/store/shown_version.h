#pragma once

#include "store/sighting.h"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <set>
#include <utility>

namespace couponsync {

/// What the mirror holds of something that rides along on many pages, of any user, and the last request that
/// showed it so. The version that a later request has shown wins, whichever reply came first. But where two
/// pages of one reading show two versions, the first one stands, unless another reading has shown a third
/// meanwhile: or each reading would change the row twice.
template <class Version>
class ShownVersion {
 public:
  /// Held from before: which request showed it is not known, so whatever differs is newer.
  explicit ShownVersion(Version held) : held_(std::move(held)) {}
  ShownVersion(Version shown, const Sighting& seen) : held_(std::move(shown)), last_shown_(seen.sent) {
    note(seen);
  }

  enum class Verdict {
    held,   ///< it is the version the mirror holds
    older,  ///< the one it holds has been shown by this reading, or by a later request
    newer,  ///< it takes the place of the one it holds
  };
  Verdict judge(const Version& shown, const Sighting& seen) {
    if (shown == held_) {
      last_shown_ = std::max(last_shown_, seen.sent);
      note(seen);
      return Verdict::held;
    }
    if (last_shown_ >= seen.sent || readings_.contains(seen.reading_began)) return Verdict::older;
    held_ = shown;
    last_shown_ = seen.sent;
    readings_.clear();
    note(seen);
    return Verdict::newer;
  }

  const Version& held() const { return held_; }

 private:
  /// Only a reading that goes on can show it again.
  void note(const Sighting& seen) {
    if (!seen.reading_goes_on) {
      readings_.erase(seen.reading_began);
      return;
    }
    if (readings_.size() >= kMostReadings) readings_.erase(readings_.begin());
    readings_.insert(seen.reading_began);
  }

  static constexpr std::size_t kMostReadings = 1'000;  ///< those that broke off stay

  Version held_;
  RequestOrder last_shown_ = std::numeric_limits<RequestOrder>::min();
  std::set<RequestOrder> readings_;  ///< that have shown it, and go on
};

}  // namespace couponsync
