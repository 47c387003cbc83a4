#include "sync/own_limit.h"

#include <chrono>
#include <utility>

namespace couponsync {
namespace {

/// Where the brand's limit refuses even every fifth call, a page meets it so often in a row once in 400,000
/// times.
constexpr int kContradictions = 8;
/// Calls take turns: over so long a time every page of a brand at its limit has got through.
constexpr int kSlowContradictions = 4;
constexpr std::chrono::seconds kSlow{60};

}  // namespace

void OwnLimit::refused(SteadyTime sent_at, bool others_work, bool others_answered) {
  if (last_sent_at_ && others_work) ++contradicted_;
  if (!std::exchange(witnessed_, false)) alone_ = others_answered ? 0 : alone_ + 1;
  if (!first_sent_at_) first_sent_at_ = sent_at;
  last_sent_at_ = sent_at;
}

bool OwnLimit::is_own(bool known) const {
  if (known && contradicted_ > 0) return true;
  if (contradicted_ >= kContradictions) return true;
  return contradicted_ >= kSlowContradictions && *last_sent_at_ - *first_sent_at_ >= kSlow;
}

}  // namespace couponsync
