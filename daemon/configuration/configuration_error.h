#pragma once

#include <exception>
#include <string>
#include <string_view>
#include <vector>

namespace couponsync::daemon {

/// One thing that is wrong, at a place of the configuration file (JSON pointer, RFC 6901; "" is the file as a
/// whole). Neither member ever holds an openid or a secret.
struct ConfigurationProblem {
  std::string pointer;
  std::string message;
  bool passing = false;  ///< trouble of the machine or the moment: the same files may be fine in a while
};

/// The pointer of an object's member or a list's element.
std::string pointer_to(std::string pointer, std::string_view name);

/// Everything that is wrong, one line each in `what()`.
class ConfigurationError : public std::exception {
 public:
  explicit ConfigurationError(std::vector<ConfigurationProblem> problems);
  ConfigurationError(std::string pointer, std::string message, bool passing = false);

  const char* what() const noexcept override { return text_.c_str(); }
  const std::vector<ConfigurationProblem>& problems() const { return problems_; }
  /// All of it is.
  bool passing() const;

 private:
  std::vector<ConfigurationProblem> problems_;
  std::string text_;
};

}  // namespace couponsync::daemon
