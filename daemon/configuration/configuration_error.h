#pragma once

#include <exception>
#include <string>
#include <vector>

namespace couponsync::daemon {

/// One thing that is wrong, at a place of the configuration file (JSON pointer, RFC 6901; "" is the file as a
/// whole). Neither member ever holds an openid or a secret.
struct ConfigurationProblem {
  std::string pointer;
  std::string message;
};

/// Everything that is wrong, one line each in `what()`.
class ConfigurationError : public std::exception {
 public:
  explicit ConfigurationError(std::vector<ConfigurationProblem> problems);
  ConfigurationError(std::string pointer, std::string message);

  const char* what() const noexcept override { return text_.c_str(); }
  const std::vector<ConfigurationProblem>& problems() const { return problems_; }

 private:
  std::vector<ConfigurationProblem> problems_;
  std::string text_;
};

}  // namespace couponsync::daemon
