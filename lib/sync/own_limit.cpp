#include "sync/own_limit.h"

#include <utility>

namespace couponsync {
namespace {

/// Where the brand's limit refuses even every fifth call, a page meets it so often in a row once in 400,000
/// times.
constexpr int kContradictions = 8;
constexpr int kContradictedPauses = 3;
/// Where a limit refuses every other call, one page meets it and each witness does not once in 4,000 times.
constexpr int kContradictingWitnesses = 6;
/// Refusals before a witness is asked.
constexpr int kAlone = 3;

}  // namespace

void OwnLimit::refused(std::uint64_t worked, std::uint64_t limited,
                       std::optional<std::chrono::milliseconds> retry_after) {
  std::uint64_t others_worked = 0;
  std::uint64_t others_limited = 0;
  if (before_) {
    others_worked = worked - before_->worked;
    // A limit that is known to be this page's own is not counted.
    const std::uint64_t all_limited = limited - before_->limited;
    others_limited = all_limited > 0 ? all_limited - 1 : 0;
  }
  ++refusals_;
  others_limited_ = others_limited > 0;
  is_contradicted_ = others_worked > others_limited;
  if (is_contradicted_) {
    ++contradicted_;
    contradicted_pauses_ += asked_for_a_pause_ ? 1 : 0;
  }
  contradicting_witnesses_ += std::exchange(witness_worked_, false) ? 1 : 0;
  before_ = Counts{worked, limited};
  asked_for_a_pause_ = retry_after && *retry_after >= kTellingPause;
}

bool OwnLimit::is_own(bool known) const {
  if (known && (contradicted_ > 0 || contradicting_witnesses_ > 0)) return true;
  return contradicted_ >= kContradictions || contradicted_pauses_ >= kContradictedPauses ||
         contradicting_witnesses_ >= kContradictingWitnesses;
}

double OwnLimit::witness_chance(bool known, bool works) const {
  if (known) return 1;
  if (refusals_ < kAlone || (is_contradicted_ && contradicting_witnesses_ == 0)) return 0;
  if (contradicting_witnesses_ > 0 || works) return 0.75;
  return others_limited_ ? 1.0 / 3 : 0.5;
}

void OwnLimit::asked_witness(bool worked) {
  witness_worked_ = worked;
  if (!worked) contradicting_witnesses_ = 0;
}

}  // namespace couponsync
