#include "configuration/configuration_error.h"

#include <utility>

namespace couponsync::daemon {

ConfigurationError::ConfigurationError(std::vector<ConfigurationProblem> problems)
    : problems_(std::move(problems)) {
  for (const ConfigurationProblem& problem : problems_) {
    if (!text_.empty()) text_ += '\n';
    text_ += problem.pointer.empty() ? problem.message : problem.pointer + ": " + problem.message;
  }
}

ConfigurationError::ConfigurationError(std::string pointer, std::string message)
    : ConfigurationError(std::vector<ConfigurationProblem>{{std::move(pointer), std::move(message)}}) {}

}  // namespace couponsync::daemon
