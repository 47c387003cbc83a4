#pragma once

#include "store/sighting.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace couponsync {

/// What the mirror holds of something that rides along on many pages, of any user, and the last request that
/// showed it so. Two pages of one reading may show it in two versions: the first one stands then, or each
/// reading would change the row twice. Between readings the version that a later request has shown wins,
/// whichever reply came first.
template <class Version>
class ShownVersion {
 public:
  /// Held from before: which request showed it is not known, so whatever differs is newer.
  explicit ShownVersion(Version held) : held_(std::move(held)) {}
  ShownVersion(Version shown, const Sighting& seen) : held_(std::move(shown)), last_shown_(seen.sent) {}

  enum class Verdict {
    held,   ///< it is the version the mirror holds
    older,  ///< the one it holds has been shown since the reading began, or later
    newer,  ///< it takes the place of the one it holds
  };
  Verdict judge(const Version& shown, const Sighting& seen) {
    if (shown == held_) {
      last_shown_ = std::max(last_shown_, seen.sent);
      return Verdict::held;
    }
    if (last_shown_ >= seen.reading_began) return Verdict::older;
    held_ = shown;
    last_shown_ = seen.sent;
    return Verdict::newer;
  }

  const Version& held() const { return held_; }

 private:
  Version held_;
  RequestOrder last_shown_ = std::numeric_limits<RequestOrder>::min();
};

}  // namespace couponsync
