#include "api/json_reader.h"

#include "api/timestamp.h"

#include <boost/json/parser.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace couponsync {
namespace {

namespace json = boost::json;

/// The documented replies are 8 deep; the library's own bound of 32 would refuse a page for members nobody
/// reads, no bound at all would let a reply exhaust the stack.
constexpr std::size_t kMaxDepth = 64;

constexpr double kTwoTo63 = 9223372036854775808.0;

}  // namespace

Result<json::value> parse_json(std::string_view text, json::storage_ptr memory) {
  json::parse_options options;
  options.max_depth = kMaxDepth;
  std::array<unsigned char, 4096> buffer;
  json::parser parser(json::storage_ptr(), options, buffer.data(), buffer.size());
  parser.reset(std::move(memory));
  boost::system::error_code error;
  const std::size_t consumed = parser.write(text.data(), text.size(), error);
  if (!error) return parser.release();
  return Failure{.kind = FailureKind::undecodable,
                 .detail = "the body is not JSON: " + error.message() + " at byte " +
                           std::to_string(consumed) + " of " + std::to_string(text.size())};
}

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
  if (index_) return text + "[" + std::to_string(*index_) + "]";
  if (!text.empty()) text += '.';
  return text.append(member_);
}

Failure undecodable(const JsonPath& path, std::string_view expected, const json::value* found) {
  std::string detail = path.text();
  if (detail.empty()) detail = "the body";
  detail.append(": expected ").append(expected).append(", found ").append(kind_name(found));
  return {.kind = FailureKind::undecodable, .detail = std::move(detail)};
}

const json::value* ObjectReader::find(std::string_view member) const {
  if (object_ == nullptr) return nullptr;
  const json::value* value = object_->if_contains(member);
  return value == nullptr || value->is_null() ? nullptr : value;
}

Text ObjectReader::text(std::string_view member) const {
  const json::value* value = find(member);
  if (value == nullptr) return std::nullopt;
  if (value->is_string()) return std::string(view_of(value->get_string()));
  odd(member);
  return std::nullopt;
}

Integer ObjectReader::integer(std::string_view member) const {
  const json::value* value = find(member);
  if (value == nullptr) return std::nullopt;
  const Integer number = whole_number(*value);
  if (!number) odd(member);
  return number;
}

Instant ObjectReader::instant(std::string_view member) const {
  const json::value* value = find(member);
  if (value == nullptr) return std::nullopt;
  const Instant instant = value->is_string() ? parse_timestamp(view_of(value->get_string())) : std::nullopt;
  if (!instant) odd(member);
  return instant;
}

Flag ObjectReader::flag(std::string_view member) const {
  const json::value* value = find(member);
  if (value == nullptr) return std::nullopt;
  if (value->is_bool()) return value->get_bool();
  odd(member);
  return std::nullopt;
}

const json::array* ObjectReader::array(std::string_view member) const {
  const json::value* value = find(member);
  if (value == nullptr) return nullptr;
  if (!value->is_array()) odd(member);
  return value->if_array();
}

Text ObjectReader::scalar_list(std::string_view member) const {
  const json::array* elements = array(member);
  if (elements == nullptr) return std::nullopt;
  if (std::ranges::any_of(*elements, [](const json::value& element) { return element.is_structured(); })) {
    odd(member);
    return std::nullopt;
  }
  return json::serialize(*elements);
}

ObjectReader ObjectReader::object(std::string_view member) const& {
  const json::value* value = find(member);
  if (value != nullptr && !value->is_object()) odd(member);
  return {value == nullptr ? nullptr : value->if_object(), JsonPath(path_, member), oddities_};
}

Integer whole_number(const json::value& value) {
  if (const std::int64_t* number = value.if_int64()) return *number;
  const double* number = value.if_double();
  if (number == nullptr || *number != std::trunc(*number)) return std::nullopt;
  if (*number < -kTwoTo63 || *number >= kTwoTo63) return std::nullopt;
  return static_cast<std::int64_t>(*number);
}

std::string_view view_of(const json::string& text) { return {text.data(), text.size()}; }

}  // namespace couponsync
