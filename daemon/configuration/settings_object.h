#pragma once

#include "configuration/configuration_error.h"

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace couponsync::daemon {

/// Reads one object of the configuration: each member once, by its name and what is allowed for it. What is
/// wrong is noted with its JSON pointer and reading goes on, so that one look finds every problem. `finish`
/// notes the members nobody asked for.
class SettingsObject {
 public:
  /// `object` may be null: every member is absent. `problems` outlives this.
  SettingsObject(const boost::json::object* object, std::string pointer,
                 std::vector<ConfigurationProblem>& problems)
      : object_(object), pointer_(std::move(pointer)), problems_(problems) {}

  /// A text that `valid` accepts; `allowed` says in words what that is.
  using Valid = std::function<bool(std::string_view)>;
  void text(std::string_view name, std::string& out, const char* allowed, const Valid& valid);
  void text(std::string_view name, std::optional<std::string>& out, const char* allowed, const Valid& valid);
  void required_text(std::string_view name, std::string& out, const char* allowed, const Valid& valid);
  /// A list of such texts.
  void texts(std::string_view name, std::vector<std::string>& out, const char* allowed, const Valid& valid);

  void integer(std::string_view name, std::int64_t low, std::int64_t high, std::int64_t& out);
  /// Above `above`, and at least `low`.
  void number(std::string_view name, double above, double high, double& out, double low = 0);
  /// A whole number with ms, s, m, h or d.
  void duration(std::string_view name, std::chrono::milliseconds low, std::chrono::milliseconds high,
                std::chrono::milliseconds& out);
  /// One of the names; `out` becomes its place.
  void choice(std::string_view name, const std::vector<std::string_view>& names, std::size_t& out);

  SettingsObject object(std::string_view name, bool required = false);
  const boost::json::array* list(std::string_view name, bool required = false);

  bool present() const { return object_ != nullptr; }
  bool has(std::string_view name) const;
  bool is_empty_list(std::string_view name) const;
  void problem(std::string_view name, std::string message);
  std::string pointer_to(std::string_view name) const;

  /// Notes the members that are none of those asked for. One that no key here resembles is told by its length
  /// alone: it may be an openid in the wrong place, or a key.
  void finish();

 private:
  /// Null if absent (noted if required).
  const boost::json::value* take(std::string_view name, bool required = false);
  void wrong_type(std::string_view name, const boost::json::value& found, const std::string& allowed);
  bool read_text(std::string_view name, const boost::json::value& value, std::string& out,
                 const char* allowed, const Valid& valid);

  const boost::json::object* object_;
  std::string pointer_;
  std::vector<ConfigurationProblem>& problems_;
  std::vector<std::string> known_;
};

/// "a whole number", "a list", ... for messages.
const char* describe_type(const boost::json::value& value);

}  // namespace couponsync::daemon
