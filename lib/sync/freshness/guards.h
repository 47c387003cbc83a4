#pragma once

#include "sync/freshness/moment.h"

#include <array>
#include <cstddef>

namespace couponsync {

/// Whether a kind of probe shows what it should: each change counts that it showed, and each that only a
/// whole reading showed though it was older than a probe before. Too many of those: it is not used any more.
/// Pure.
class ProbeGuard {
 public:
  void add_shown() { add(false); }
  void add_missed() { add(true); }
  bool is_trusted() const { return is_trusted_; }

 private:
  void add(bool is_missed);

  double shown_ = 0;
  double missed_ = 0;
  bool is_trusted_ = true;
};

/// Whether the changes come about as often as was expected; where they do not, by far, what was learned is
/// not to be trusted. Pure.
class ForecastGuard {
 public:
  void add(double expected, double found, Moment now);
  bool is_trusted() const { return is_trusted_; }

 private:
  static constexpr std::size_t kDays = 3;
  struct Day {
    double expected = 0;
    double found = 0;
  };
  void close_day();

  std::array<Day, kDays> days_{};
  std::size_t closed_ = 0;
  Day today_;
  Moment ends_ = 0;
  bool is_trusted_ = true;
};

}  // namespace couponsync
