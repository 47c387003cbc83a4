#include "api/reply_object.h"

#include "api/reply_text.h"
#include "api/timestamp.h"

#include <boost/json/serialize.hpp>

#include <algorithm>
#include <cmath>

namespace couponsync {
namespace {

namespace json = boost::json;

/// The parser's doubles are off by a unit in the last place or two: up to here that is no other whole number.
constexpr double kMostExact = 1e15;

/// Names in a path are the sender's: they may be long, and not fit for logs.
constexpr std::size_t kMaxPathCharacters = 160;
constexpr std::size_t kMaxPathBytes = 4 * (kMaxPathCharacters + 1);

bool is_finite(const json::value& value) {
  const double* number = value.if_double();
  return number == nullptr || std::isfinite(*number);
}

}  // namespace

std::string_view kind_name(const json::value* value) {
  if (value == nullptr) return "nothing";
  switch (value->kind()) {
    case json::kind::null:
      return "null";
    case json::kind::bool_:
      return "a boolean";
    case json::kind::int64:
    case json::kind::uint64:
    case json::kind::double_:
      return "a number";
    case json::kind::string:
      return value->get_string().empty() ? "an empty string" : "a string";
    case json::kind::array:
      return "an array";
    case json::kind::object:
      return "an object";
  }
  return "something else";
}

std::string JsonPath::text() const {
  if (parent_ == nullptr) return "";
  std::string text = parent_->text();
  if (text.size() >= kMaxPathBytes) return text;
  if (index_) return text + "[" + std::to_string(*index_) + "]";
  if (!text.empty()) text += '.';
  return text.append(member_.substr(0, kMaxPathBytes));
}

std::string mismatch(const JsonPath& path, std::string_view expected, const json::value* found) {
  std::string text = one_line(path.text(), kMaxPathCharacters);
  if (text.empty()) text = "the body";
  return text.append(": expected ").append(expected).append(", found ").append(kind_name(found));
}

void Oddities::note(const JsonPath& path, std::string_view what) {
  texts_.push_back(one_line(path.text(), kMaxPathCharacters).append(": ").append(what));
}

void Oddities::note_mismatch(const JsonPath& path, std::string_view expected, const json::value* found) {
  texts_.push_back(mismatch(path, expected, found));
}

void Oddities::note_broken_text(const JsonPath& path, const json::value& text) {
  note(path, "a broken text, with U+FFFD where it is broken");
  broken_.insert(&text);
}

const json::value* ReplyObject::find(std::string_view member) const {
  if (object_ == nullptr) return nullptr;
  const json::value* value = object_->if_contains(member);
  return value == nullptr || value->is_null() ? nullptr : value;
}

Text ReplyObject::text(std::string_view member) const {
  const json::value* value = find(member);
  if (value == nullptr) return std::nullopt;
  if (value->is_string()) return std::string(view_of(value->get_string()));
  note_mismatch(member, "a string", value);
  return std::nullopt;
}

Text ReplyObject::identity(std::string_view member) const {
  const json::value* value = find(member);
  if (value != nullptr && value->is_string() && !value->get_string().empty() && !is_broken(member))
    return std::string(view_of(value->get_string()));
  if (is_broken(member))
    oddities_->note({path_, member}, "a broken text names nothing");
  else
    note_mismatch(member, "a string that is not empty", value);
  return std::nullopt;
}

Integer ReplyObject::integer(std::string_view member) const {
  const json::value* value = find(member);
  if (value == nullptr) return std::nullopt;
  const Integer number = whole_number(*value);
  if (!number) note_mismatch(member, "a whole number of 64 bits", value);
  return number;
}

Instant ReplyObject::instant(std::string_view member) const {
  const json::value* value = find(member);
  if (value == nullptr) return std::nullopt;
  const Instant instant = value->is_string() ? parse_timestamp(view_of(value->get_string())) : std::nullopt;
  if (!instant) note_mismatch(member, "an RFC 3339 instant", value);
  return instant;
}

Flag ReplyObject::flag(std::string_view member) const {
  const json::value* value = find(member);
  if (value == nullptr) return std::nullopt;
  if (value->is_bool()) return value->get_bool();
  note_mismatch(member, "a boolean", value);
  return std::nullopt;
}

const json::array* ReplyObject::array(std::string_view member) const {
  const json::value* value = find(member);
  if (value == nullptr) return nullptr;
  if (!value->is_array()) note_mismatch(member, "an array", value);
  return value->if_array();
}

Text ReplyObject::scalar_list(std::string_view member) const {
  const json::array* elements = array(member);
  if (elements == nullptr) return std::nullopt;
  const auto odd = std::ranges::find_if(*elements, [](const json::value& element) {
    return element.is_structured() || !is_finite(element);  // infinity has no JSON
  });
  if (odd != elements->end()) {
    note_mismatch(member, "plain values", odd);
    return std::nullopt;
  }
  return json::serialize(*elements);
}

ReplyObject ReplyObject::object(std::string_view member) const& {
  const json::value* value = find(member);
  if (value != nullptr && !value->is_object()) note_mismatch(member, "an object", value);
  return {value == nullptr ? nullptr : value->if_object(), JsonPath(path_, member), oddities_};
}

Integer whole_number(const json::value& value) {
  if (const std::int64_t* number = value.if_int64()) return *number;
  const double* number = value.if_double();
  if (number == nullptr || *number != std::trunc(*number)) return std::nullopt;
  if (std::abs(*number) > kMostExact) return std::nullopt;
  return static_cast<std::int64_t>(*number);
}

std::string_view view_of(const json::string& text) { return {text.data(), text.size()}; }

}  // namespace couponsync
