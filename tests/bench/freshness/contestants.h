#pragma once

#include "bench/freshness/model_mirror.h"
#include "bench/freshness/world.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace couponsync::bench {

struct ContestTerms {
  double hours = 2;        ///< as many requests as reading everything takes once in so many hours
  double peak_times = 10;  ///< elastic: the fastest pace, as a multiple of the mean; 1: steady
  double hinted = 0;       ///< the share of receipts, uses and returns that come with a hint
  std::uint64_t seed = 1;
};

/// What it took, between warm and end.
struct ContestCost {
  static constexpr std::array<std::string_view, 7> kNames{"whole", "effective", "count", "pending",
                                                          "stock", "sweep",     "hint"};
  std::array<double, kNames.size()> requests{};
  double budget = 0;
  double decisions = 0;         ///< asked for, over the whole run
  double decision_seconds = 0;  ///< that the policy took, asked and told
  double bytes_a_user = 0;
  std::string_view distrusted = "";  ///< which guard had stepped in at the end
};

/// Everything in turn, whole.
ContestCost play_even(const World& world, const ContestTerms& terms, ModelMirror& mirror);
/// The adaptive policy, asked directly: what is due by a bound (new, hinted) goes first, as the queue has it.
ContestCost play_adaptive(const World& world, const ContestTerms& terms, ModelMirror& mirror);

}  // namespace couponsync::bench
