#include "configuration/settings_object.h"

#include "configuration/duration.h"
#include "configuration/nearest_name.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace couponsync::daemon {
namespace {

template <class Names>
std::string join(const Names& names) {
  std::string text;
  for (const auto& name : names) text += (text.empty() ? "" : ", ") + std::string(name);
  return text;
}

/// Short, without capitals and digits, as keys are: no openid, which has 28 letters of all kinds.
bool is_harmless(std::string_view name) {
  constexpr std::size_t kLongest = 27;
  return name.size() <= kLongest &&
         std::ranges::none_of(name, [](char c) { return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); });
}

}  // namespace

const char* describe_type(const boost::json::value& value) {
  switch (value.kind()) {
    case boost::json::kind::null:
      return "null";
    case boost::json::kind::bool_:
      return "a boolean";
    case boost::json::kind::int64:
    case boost::json::kind::uint64:
      return "a whole number";
    case boost::json::kind::double_:
      return "a number";
    case boost::json::kind::string:
      return "a string";
    case boost::json::kind::array:
      return "a list";
    case boost::json::kind::object:
      return "an object";
  }
  return "something else";
}

std::string SettingsObject::pointer_to(std::string_view name) const {
  return daemon::pointer_to(pointer_, name);
}

void SettingsObject::problem(std::string_view name, std::string message) {
  problems_.push_back({pointer_to(name), std::move(message)});
}

void SettingsObject::wrong_type(std::string_view name, const boost::json::value& found,
                                const std::string& allowed) {
  problem(name, fmt::format("found {}, allowed is {}", describe_type(found), allowed));
}

bool SettingsObject::has(std::string_view name) const {
  return object_ != nullptr && object_->contains({name.data(), name.size()});
}

bool SettingsObject::is_empty_list(std::string_view name) const {
  if (!has(name)) return false;
  const boost::json::array* items = object_->at({name.data(), name.size()}).if_array();
  return items != nullptr && items->empty();
}

const boost::json::value* SettingsObject::take(std::string_view name, bool required) {
  known_.emplace_back(name);
  if (has(name)) return &object_->at({name.data(), name.size()});
  if (required) problem(name, "is missing and has no default");
  return nullptr;
}

bool SettingsObject::read_text(std::string_view name, const boost::json::value& value, std::string& out,
                               const char* allowed, const Valid& valid) {
  if (!value.is_string()) {
    wrong_type(name, value, allowed);
    return false;
  }
  const std::string_view text(value.get_string().data(), value.get_string().size());
  if (!valid(text)) {
    // The text itself is not repeated: it may be an openid in the wrong place.
    problem(name, fmt::format("found a string of {} bytes that is not allowed, allowed is {}", text.size(),
                              allowed));
    return false;
  }
  out = text;
  return true;
}

void SettingsObject::text(std::string_view name, std::string& out, const char* allowed, const Valid& valid) {
  if (const boost::json::value* value = take(name)) read_text(name, *value, out, allowed, valid);
}

void SettingsObject::text(std::string_view name, std::optional<std::string>& out, const char* allowed,
                          const Valid& valid) {
  const boost::json::value* value = take(name);
  if (value == nullptr) return;
  std::string text;
  if (value->is_null())
    out.reset();
  else if (read_text(name, *value, text, allowed, valid))
    out = text;
}

void SettingsObject::required_text(std::string_view name, std::string& out, const char* allowed,
                                   const Valid& valid) {
  if (const boost::json::value* value = take(name, true)) read_text(name, *value, out, allowed, valid);
}

void SettingsObject::texts(std::string_view name, std::vector<std::string>& out, const char* allowed,
                           const Valid& valid) {
  const boost::json::array* items = list(name);
  if (items == nullptr) return;
  for (std::size_t i = 0; i < items->size(); ++i) {
    std::string text;
    SettingsObject item(nullptr, pointer_to(name), problems_);
    if (item.read_text(std::to_string(i), (*items)[i], text, allowed, valid)) out.push_back(std::move(text));
  }
}

void SettingsObject::integer(std::string_view name, std::int64_t low, std::int64_t high, std::int64_t& out) {
  const boost::json::value* value = take(name);
  if (value == nullptr) return;
  const std::string allowed = fmt::format("a whole number from {} to {}", low, high);
  if (!value->is_int64() && !value->is_uint64()) return wrong_type(name, *value, allowed);
  if (value->is_uint64() || value->get_int64() < low || value->get_int64() > high) {
    const std::string found =
        value->is_uint64() ? std::to_string(value->get_uint64()) : std::to_string(value->get_int64());
    return problem(name, fmt::format("found {}, allowed is {}", found, allowed));
  }
  out = value->get_int64();
}

void SettingsObject::number(std::string_view name, double above, double high, double& out, double low) {
  const boost::json::value* value = take(name);
  if (value == nullptr) return;
  const std::string allowed = fmt::format("a number above {} and up to {}", above, high);
  if (!value->is_number()) return wrong_type(name, *value, allowed);
  const auto found = value->to_number<double>();
  if (!(found > above && found <= high))
    return problem(name, fmt::format("found {}, allowed is {}", found, allowed));
  if (found < low)
    return problem(name, fmt::format("found {}, allowed is {}, {} at least", found, allowed, low));
  out = found;
}

void SettingsObject::duration(std::string_view name, std::chrono::milliseconds low,
                              std::chrono::milliseconds high, std::chrono::milliseconds& out) {
  const boost::json::value* value = take(name);
  if (value == nullptr) return;
  const std::string allowed =
      fmt::format("a duration from {} to {}, such as \"500ms\", \"20s\", \"15m\", \"2h\", \"1d\"",
                  format_duration(low), format_duration(high));
  if (!value->is_string()) return wrong_type(name, *value, allowed);
  const std::string_view text(value->get_string().data(), value->get_string().size());
  const std::optional<std::chrono::milliseconds> found = parse_duration(text);
  if (!found) return problem(name, fmt::format("found a string that is no duration, allowed is {}", allowed));
  if (*found < low || *found > high)
    return problem(name, fmt::format("found {}, allowed is {}", format_duration(*found), allowed));
  out = *found;
}

void SettingsObject::choice(std::string_view name, const std::vector<std::string_view>& names,
                            std::size_t& out) {
  const boost::json::value* value = take(name);
  if (value == nullptr) return;
  const std::string allowed = "one of " + join(names);
  if (!value->is_string()) return wrong_type(name, *value, allowed);
  const std::string_view text(value->get_string().data(), value->get_string().size());
  const auto found = std::ranges::find(names, text);
  if (found == names.end()) return problem(name, fmt::format("found another string, allowed is {}", allowed));
  out = static_cast<std::size_t>(found - names.begin());
}

SettingsObject SettingsObject::object(std::string_view name, bool required) {
  const boost::json::value* value = take(name, required);
  if (value != nullptr && !value->is_object()) wrong_type(name, *value, "an object");
  return {value == nullptr ? nullptr : value->if_object(), pointer_to(name), problems_};
}

const boost::json::array* SettingsObject::list(std::string_view name, bool required) {
  const boost::json::value* value = take(name, required);
  if (value == nullptr) return nullptr;
  if (!value->is_array()) wrong_type(name, *value, "a list");
  return value->if_array();
}

void SettingsObject::finish() {
  if (object_ == nullptr) return;
  for (const auto& member : *object_) {
    const std::string name(member.key());
    if (std::ranges::find(known_, name) != known_.end()) continue;
    const std::optional<std::string> nearest = nearest_name(name, known_);
    const std::string known = nearest ? "the nearest known one is " + *nearest : "known are " + join(known_);
    if (nearest || is_harmless(name))
      problem(name, "unknown key, " + known);
    else
      problems_.push_back({pointer_, fmt::format("unknown key of {} bytes, {}", name.size(), known)});
  }
}

}  // namespace couponsync::daemon
