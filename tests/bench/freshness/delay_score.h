#pragma once

#include "bench/freshness/world.h"

#include <cstddef>
#include <vector>

namespace couponsync::bench {

/// From each change at the server to the mirror: what a policy is judged by.
class DelayScore {
 public:
  explicit DelayScore(const World& world) : from_(world.warm), to_(world.end) {}

  void add(double happened, double mirrored) {
    if (happened >= from_ && happened < to_) delays_.push_back(mirrored > happened ? mirrored - happened : 0);
  }

  struct Minutes {
    std::size_t changes = 0;
    double mean = 0;
    double p50 = 0;
    double p95 = 0;
    double p99 = 0;
    double most = 0;
  };
  Minutes minutes() const;

 private:
  double from_;
  double to_;
  std::vector<double> delays_;
};

}  // namespace couponsync::bench
