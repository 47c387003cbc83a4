#include "sync/own_limit.h"

#include <utility>

namespace couponsync {
namespace {

/// Where the brand's limit refuses even every fifth call, a page meets it so often in a row once in 400,000
/// times.
constexpr int kContradictions = 8;
/// After a pause that was asked for there is room for everybody.
constexpr int kContradictedPauses = 3;
constexpr std::chrono::seconds kPause{3};

}  // namespace

void OwnLimit::refused(std::uint64_t worked, std::uint64_t limited,
                       std::optional<std::chrono::milliseconds> retry_after) {
  std::uint64_t others_worked = 0;
  std::uint64_t others_limited = 0;
  if (before_) {
    others_worked = worked - before_->worked;
    others_limited = limited - before_->limited - 1;
  }
  if (others_worked > others_limited) {
    ++contradicted_;
    contradicted_pauses_ += asked_for_a_pause_ ? 1 : 0;
  }
  if (!std::exchange(witnessed_, false)) alone_ = others_worked + others_limited > 0 ? 0 : alone_ + 1;
  before_ = Counts{worked, limited};
  asked_for_a_pause_ = retry_after && *retry_after >= kPause;
}

bool OwnLimit::is_own(bool known) const {
  if (known && contradicted_ > 0) return true;
  return contradicted_ >= kContradictions || contradicted_pauses_ >= kContradictedPauses;
}

}  // namespace couponsync
