#include "configuration/configuration_error.h"

#include <algorithm>
#include <utility>

namespace couponsync::daemon {

/// RFC 6901, section 3.
std::string pointer_to(std::string pointer, std::string_view name) {
  pointer += '/';
  for (const char c : name) {
    if (c == '~')
      pointer += "~0";
    else if (c == '/')
      pointer += "~1";
    else
      pointer += c;
  }
  return pointer;
}

ConfigurationError::ConfigurationError(std::vector<ConfigurationProblem> problems)
    : problems_(std::move(problems)) {
  for (const ConfigurationProblem& problem : problems_) {
    if (!text_.empty()) text_ += '\n';
    text_ += problem.pointer.empty() ? problem.message : problem.pointer + ": " + problem.message;
  }
}

ConfigurationError::ConfigurationError(std::string pointer, std::string message, bool passing)
    : ConfigurationError(
          std::vector<ConfigurationProblem>{{std::move(pointer), std::move(message), passing}}) {}

bool ConfigurationError::passing() const {
  return std::ranges::all_of(problems_, &ConfigurationProblem::passing);
}

}  // namespace couponsync::daemon
