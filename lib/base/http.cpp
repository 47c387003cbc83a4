#include "base/http.h"

#include <algorithm>

namespace couponsync {
namespace {

char ascii_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, ascii_lower, ascii_lower);
}

}  // namespace

std::optional<std::string_view> find_header(const std::vector<HttpHeader>& headers, std::string_view name) {
  const auto found = std::ranges::find_if(
      headers, [name](const HttpHeader& h) { return equal_ignoring_case(h.name, name); });
  if (found == headers.end()) return std::nullopt;
  return found->value;
}

}  // namespace couponsync
