#include "sync/freshness/week_profile.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace couponsync {
namespace {

constexpr std::size_t kHoursOfDay = 24;
constexpr double kWeekSeconds = 7 * kDaySeconds;
/// With fewer events, every hour is like any other.
constexpr double kLeastEvents = 50;
constexpr double kDayWeight = 8;   ///< events that the hour of the day weighs in that of the week
constexpr double kFlatWeight = 4;  ///< and the mean hour in that of the day
constexpr double kLeastLevel = 0.1;
constexpr double kDailyShare = 0.98;

}  // namespace

std::size_t WeekProfile::hour_of(Moment at) {
  const double in_week = at - std::floor(at / kWeekSeconds) * kWeekSeconds;
  return std::min(kHours - 1, static_cast<std::size_t>(in_week / kHourSeconds));
}

void WeekProfile::set_flat() {
  level_.fill(1);
  sum_up();
}

void WeekProfile::sum_up() {
  for (std::size_t hour = 0; hour < kHours; ++hour)
    until_[hour + 1] = until_[hour] + level_[hour] * kHourSeconds;
}

void WeekProfile::add(Moment at, double weight) { events_[hour_of(at)] += weight; }

void WeekProfile::fade() {
  for (double& events : events_) events *= kDailyShare;
}

void WeekProfile::refresh() {
  const double all = std::accumulate(events_.begin(), events_.end(), 0.0);
  if (all < kLeastEvents) return set_flat();
  std::array<double, kHoursOfDay> of_day{};
  for (std::size_t hour = 0; hour < kHours; ++hour) of_day[hour % kHoursOfDay] += events_[hour];
  double sum = 0;
  for (std::size_t hour = 0; hour < kHours; ++hour) {
    const double day_level =
        (of_day[hour % kHoursOfDay] + kFlatWeight) / (all + kFlatWeight * kHoursOfDay) * kHoursOfDay;
    level_[hour] = (events_[hour] + kDayWeight * day_level) / (all / kHours + kDayWeight);
    sum += level_[hour];
  }
  for (double& level : level_) level = std::max(kLeastLevel, level * kHours / sum);
  sum_up();
}

double WeekProfile::integral(Moment at) const {
  const double weeks = std::floor(at / kWeekSeconds);
  const std::size_t hour = hour_of(at);
  const double in_hour = at - weeks * kWeekSeconds - static_cast<double>(hour) * kHourSeconds;
  return weeks * until_[kHours] + until_[hour] + level_[hour] * in_hour;
}

}  // namespace couponsync
