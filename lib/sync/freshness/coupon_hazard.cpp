#include "sync/freshness/coupon_hazard.h"

#include <algorithm>

namespace couponsync {
namespace {

/// Uses that the wider estimate weighs in the narrower one.
constexpr double kPriorUses = 4;
constexpr std::array kAgeBounds{1 * kHourSeconds, 3 * kHourSeconds, 12 * kHourSeconds, 1 * kDaySeconds,
                                2 * kDaySeconds,  4 * kDaySeconds,  8 * kDaySeconds,   16 * kDaySeconds};
constexpr std::array kRestBounds{0.5 * kDaySeconds, 1.5 * kDaySeconds};
constexpr double kDailyShare = 0.97;

template <std::size_t Size>
std::size_t place_in(const std::array<double, Size>& bounds, double value) {
  return static_cast<std::size_t>(std::ranges::lower_bound(bounds, value) - bounds.begin());
}

}  // namespace

std::size_t CouponHazard::cell(bool is_partly_used, double age, double rest) {
  const std::size_t row = (is_partly_used ? kAges : 0) + place_in(kAgeBounds, age);
  return row * kRests + place_in(kRestBounds, rest);
}

void CouponHazard::add_watched(const LiveCoupon& coupon, Moment from, Moment to) {
  from = std::max({from, coupon.begins, coupon.received});
  to = std::min(to, coupon.ends);
  if (to <= from) return;
  const Moment middle = (from + to) / 2;
  cells_[cell(coupon.is_partly_used, middle - coupon.begins, coupon.ends - middle)].seconds += to - from;
  all_.seconds += to - from;
}

void CouponHazard::add_use(const ShownUse& use) {
  const double age = std::max(0.0, use.at - use.begins);
  cells_[cell(use.was_partly_used, age, use.ends - use.at)].uses += 1;
  all_.uses += 1;
}

void CouponHazard::refresh() {
  const double mean = all_.uses / all_.seconds;
  for (std::size_t row = 0; row < kRows; ++row) {
    Cell sum;
    for (std::size_t rest = 0; rest < kRests; ++rest) {
      sum.uses += cells_[row * kRests + rest].uses;
      sum.seconds += cells_[row * kRests + rest].seconds;
    }
    const double of_age = (sum.uses + kPriorUses) / (sum.seconds + kPriorUses / mean);
    for (std::size_t rest = 0; rest < kRests; ++rest) {
      const Cell& one = cells_[row * kRests + rest];
      hazard_[row * kRests + rest] = (one.uses + kPriorUses) / (one.seconds + kPriorUses / of_age);
    }
  }
}

void CouponHazard::fade() {
  for (Cell& one : cells_) one = {one.uses * kDailyShare, one.seconds * kDailyShare};
  all_ = {all_.uses * kDailyShare, all_.seconds * kDailyShare};
}

double CouponHazard::of(const LiveCoupon& coupon, Moment now) const {
  if (now >= coupon.ends) return 0;
  return hazard_[cell(coupon.is_partly_used, std::max(0.0, now - coupon.begins), coupon.ends - now)];
}

}  // namespace couponsync
