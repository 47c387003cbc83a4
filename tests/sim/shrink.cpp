#include "sim/shrink.h"

#include <algorithm>

namespace couponsync::sim {
namespace {

Schedule without(const Schedule& schedule, std::size_t from, std::size_t count) {
  Schedule less = schedule;
  const auto begin = less.events.begin() + static_cast<std::ptrdiff_t>(from);
  less.events.erase(begin, begin + static_cast<std::ptrdiff_t>(std::min(count, less.events.size() - from)));
  return less;
}

}  // namespace

Schedule shrink(Schedule failing, const SimulationOptions& options) {
  const auto fails = [&](const Schedule& schedule) {
    return simulate(schedule, options).violation.has_value();
  };
  for (std::size_t size = (failing.events.size() + 1) / 2; size > 0;) {
    bool is_smaller = false;
    for (std::size_t from = 0; from < failing.events.size();) {
      Schedule less = without(failing, from, size);
      if (!fails(less)) {
        from += size;
        continue;
      }
      failing = std::move(less);
      is_smaller = true;
    }
    if (size > 1)
      size /= 2;
    else if (!is_smaller)
      break;
  }
  return failing;
}

}  // namespace couponsync::sim
