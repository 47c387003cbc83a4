#pragma once

#include "bench/freshness/world.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace couponsync::bench {

/// From each change at the server to the mirror: what a policy is judged by.
class DelayScore {
 public:
  explicit DelayScore(const World& world) : from_(world.warm), to_(world.end) {}

  enum Kind : std::uint8_t { kReceipt, kUse, kDeletion, kOther };
  static constexpr std::array<std::string_view, 4> kNames{"receipts", "uses", "deletions", "others"};

  void add(Kind kind, double happened, double mirrored) {
    if (happened < from_ || happened >= to_) return;
    const double delay = mirrored > happened ? mirrored - happened : 0;
    delays_.push_back(delay);
    sums_[kind] += delay;
    ++counts_[kind];
  }

  struct Minutes {
    std::size_t changes = 0;
    double mean = 0;
    double p50 = 0;
    double p95 = 0;
    double p99 = 0;
    double most = 0;
    std::array<double, kNames.size()> mean_of{};
  };
  Minutes minutes() const;

 private:
  double from_;
  double to_;
  std::vector<double> delays_;
  std::array<double, kNames.size()> sums_{};
  std::array<std::size_t, kNames.size()> counts_{};
};

}  // namespace couponsync::bench
