#include "bench/freshness/delay_score.h"

#include <algorithm>
#include <numeric>

namespace couponsync::bench {

DelayScore::Minutes DelayScore::minutes() const {
  if (delays_.empty()) return {};
  std::vector<double> sorted = delays_;
  std::ranges::sort(sorted);
  const auto at = [&](double share) {
    const auto place = static_cast<std::size_t>(share * static_cast<double>(sorted.size()));
    return sorted[std::min(sorted.size() - 1, place)] / 60;
  };
  const double sum = std::accumulate(sorted.begin(), sorted.end(), 0.0);
  Minutes minutes{sorted.size(), sum / static_cast<double>(sorted.size()) / 60, at(0.5), at(0.95), at(0.99),
                  at(1)};
  for (std::size_t kind = 0; kind < kNames.size(); ++kind) {
    if (counts_[kind] > 0) minutes.mean_of[kind] = sums_[kind] / static_cast<double>(counts_[kind]) / 60;
  }
  return minutes;
}

}  // namespace couponsync::bench
