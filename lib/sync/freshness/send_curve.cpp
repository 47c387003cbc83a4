#include "sync/freshness/send_curve.h"

#include <algorithm>

namespace couponsync {
namespace {

constexpr double kMinute = 60;
constexpr std::size_t kMostMinutes = 24 * 60 + 60;
/// The pace is that of the last so many seconds, and is believed for as long.
constexpr double kPaceSeconds = 300;

}  // namespace

void SendCurve::add(Moment at, double sends) {
  if (at <= last_at_ || minutes_.size() >= kMostMinutes) return;
  sends = std::max(sends, last_);
  while (minutes_.size() < kMostMinutes) {
    const Moment minute = begin_ + static_cast<double>(minutes_.size()) * kMinute;
    if (minute > at) break;
    minutes_.push_back(static_cast<float>(last_ + (sends - last_) * (minute - last_at_) / (at - last_at_)));
  }
  last_at_ = at;
  last_ = sends;
  const Moment from = std::max(begin_, at - kPaceSeconds);
  pace_ = (sends - known_at(from)) / std::max(kMinute, at - from);
}

double SendCurve::known_at(Moment when) const {
  const double place = std::max(0.0, when - begin_) / kMinute;
  const auto minute = std::min(minutes_.size() - 1, static_cast<std::size_t>(place));
  const double before = minutes_[minute];
  if (minute + 1 < minutes_.size())
    return before + (minutes_[minute + 1] - before) * (place - static_cast<double>(minute));
  const Moment start = begin_ + static_cast<double>(minute) * kMinute;
  if (last_at_ <= start) return last_;
  return before + (last_ - before) * std::min(1.0, (when - start) / (last_at_ - start));
}

double SendCurve::at(Moment when) const {
  if (when <= last_at_) return known_at(when);
  return last_ + pace_ * std::min(kPaceSeconds, when - last_at_);
}

double SendCurve::pace_at(Moment when) const { return (at(when) - at(when - kPaceSeconds)) / kPaceSeconds; }

}  // namespace couponsync
