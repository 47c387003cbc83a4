#include "configuration/nearest_name.h"

#include <algorithm>
#include <cstddef>
#include <numeric>

namespace couponsync::daemon {
namespace {

/// Levenshtein's.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0U);
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t substituted = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({substituted, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

}  // namespace

std::optional<std::string> nearest_name(std::string_view found, const std::vector<std::string>& known) {
  // A name of any length can be a mistake, but not one many times as long as every known one.
  if (found.size() > 100 || known.empty()) return std::nullopt;
  const auto distance = [found](const std::string& name) { return edit_distance(found, name); };
  const auto nearest = std::ranges::min_element(known, {}, distance);
  const std::size_t edits = distance(*nearest);
  if (edits > 3 || edits > nearest->size() / 2) return std::nullopt;
  return *nearest;
}

}  // namespace couponsync::daemon
