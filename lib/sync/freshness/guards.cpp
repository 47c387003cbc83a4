#include "sync/freshness/guards.h"

#include <algorithm>

namespace couponsync {
namespace {

constexpr double kLeastChanges = 200;
constexpr double kMostMissed = 0.02;
/// Of how many changes the last ones are looked at.
constexpr double kWindow = 2 * kLeastChanges;
constexpr double kMostWrong = 3;
/// Fewer changes in the days looked at are left to chance.
constexpr double kLeastForecast = 60;

}  // namespace

void ProbeGuard::add(bool is_missed) {
  (is_missed ? missed_ : shown_) += 1;
  const double all = shown_ + missed_;
  if (all >= kLeastChanges && missed_ > kMostMissed * all) is_trusted_ = false;
  if (all < kWindow) return;
  shown_ /= 2;
  missed_ /= 2;
}

void ForecastGuard::add(double expected, double found, Moment now) {
  if (ends_ == 0) ends_ = now + kDaySeconds;
  if (now >= ends_) {
    close_day();
    ends_ = now + kDaySeconds;
  }
  today_.expected += expected;
  today_.found += found;
}

void ForecastGuard::close_day() {
  days_[closed_++ % kDays] = today_;
  today_ = {};
  if (closed_ < kDays) return;
  Day all;
  for (const Day& day : days_) all = {all.expected + day.expected, all.found + day.found};
  if (std::max(all.expected, all.found) < kLeastForecast) return;
  is_trusted_ = all.expected < kMostWrong * all.found && all.found < kMostWrong * all.expected;
}

}  // namespace couponsync
