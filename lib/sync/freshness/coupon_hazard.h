#pragma once

#include "sync/freshness/moment.h"
#include "sync/freshness/reading_summary.h"

#include <array>
#include <cstddef>

namespace couponsync {

/// How likely a live coupon is to be used (or deleted) within the next second, by whether it was used in
/// part already, how long it has been valid and how long it still is: learned from all coupons of a brand.
/// Pure.
class CouponHazard {
 public:
  CouponHazard() { refresh(); }

  /// The coupon was live, and not used, over that time.
  void add_watched(const LiveCoupon& coupon, Moment from, Moment to);
  void add_use(const ShownUse& use);
  /// Takes what was added since into account: once an hour is enough.
  void refresh();
  /// Lets what was learned fade; once a day.
  void fade();

  /// Uses a second.
  double of(const LiveCoupon& coupon, Moment now) const;

 private:
  static constexpr std::size_t kAges = 9;
  static constexpr std::size_t kRests = 3;
  static constexpr std::size_t kRows = 2 * kAges;
  static std::size_t cell(bool is_partly_used, double age, double rest);

  struct Cell {
    double uses = 0;
    double seconds = 0;
  };
  std::array<Cell, kRows * kRests> cells_;
  std::array<double, kRows * kRests> hazard_{};
  Cell all_{1, 20 * kDaySeconds};
};

}  // namespace couponsync
