#pragma once

#include "sync/freshness/moment.h"

#include <cstddef>
#include <vector>

namespace couponsync {

/// How many coupons of one stock had been sent by when, from sightings of its counter: straight between two
/// sightings; beyond the last one the pace of the last minutes goes on for a few more. Covers a day from
/// where it begins. Pure.
class SendCurve {
 public:
  explicit SendCurve(Moment begin, double sends = 0) : begin_(begin), last_at_(begin), last_(sends) {
    minutes_.push_back(static_cast<float>(sends));
  }

  /// In the order of time; a counter that falls is taken to stand still.
  void add(Moment at, double sends);

  double at(Moment when) const;
  /// Sends a second at the last sighting.
  double pace() const { return pace_; }
  /// Sends a second over the last minutes until then.
  double pace_at(Moment when) const;

 private:
  double known_at(Moment when) const;

  Moment begin_;
  Moment last_at_;
  double last_;
  double pace_ = 0;
  std::vector<float> minutes_;  ///< at each full minute since `begin_` until the last sighting
};

}  // namespace couponsync
