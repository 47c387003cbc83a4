#pragma once

#include "sync/freshness/moment.h"

#include <array>
#include <cstddef>

namespace couponsync {

/// At which hours of the week things happen, as multiples of the mean hour. Pure.
class WeekProfile {
 public:
  static constexpr std::size_t kHours = 168;

  WeekProfile() { set_flat(); }

  void add(Moment at, double weight = 1);
  /// Takes what was added since into account.
  void refresh();
  /// Lets what was learned fade; once a day.
  void fade();

  double level(Moment at) const { return level_[hour_of(at)]; }
  /// The mean seconds between two moments: an hour at which twice as much happens counts twice.
  double between(Moment from, Moment to) const { return integral(to) - integral(from); }
  /// Of a time that all others are measured from; the same until the next refresh.
  double integral(Moment at) const;

 private:
  static std::size_t hour_of(Moment at);
  void set_flat();
  void sum_up();

  std::array<double, kHours> events_{};
  std::array<double, kHours> level_{};
  std::array<double, kHours + 1> until_{};  ///< seconds of the mean until the hour's begin
};

}  // namespace couponsync
