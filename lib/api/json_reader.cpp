#include "api/json_reader.h"

#include "api/timestamp.h"

#include <boost/json/serialize.hpp>

#include <cmath>
#include <limits>
#include <optional>

namespace couponsync {
namespace {

std::optional<std::int64_t> whole_number(const boost::json::value& value) {
  if (value.is_int64()) return value.get_int64();
  if (value.is_double()) {
    const double number = value.get_double();
    // 2^53: beyond it a double no longer says which whole number was meant.
    if (std::trunc(number) == number && std::abs(number) <= 9007199254740992.0)
      return static_cast<std::int64_t>(number);
  }
  return std::nullopt;  // a uint64 here is beyond int64
}

}  // namespace

const boost::json::value* JsonReader::find(std::string_view name) const {
  if (object_ == nullptr) return nullptr;
  const boost::json::value* value = object_->if_contains({name.data(), name.size()});
  return value != nullptr && !value->is_null() ? value : nullptr;
}

void JsonReader::note(std::string_view name) const { oddities_.push_back(path_ + "." + std::string(name)); }

Text JsonReader::text(std::string_view name) const {
  const boost::json::value* value = find(name);
  if (value == nullptr) return std::nullopt;
  if (value->is_string()) return std::string(value->get_string().data(), value->get_string().size());
  note(name);
  return std::nullopt;
}

Integer JsonReader::integer(std::string_view name) const {
  const boost::json::value* value = find(name);
  if (value == nullptr) return std::nullopt;
  const Integer number = whole_number(*value);
  if (!number) note(name);
  return number;
}

Instant JsonReader::instant(std::string_view name) const {
  const boost::json::value* value = find(name);
  if (value == nullptr) return std::nullopt;
  Instant time;
  if (value->is_string()) time = parse_timestamp({value->get_string().data(), value->get_string().size()});
  if (!time) note(name);
  return time;
}

Flag JsonReader::flag(std::string_view name) const {
  const boost::json::value* value = find(name);
  if (value == nullptr) return std::nullopt;
  if (value->is_bool()) return value->get_bool();
  note(name);
  return std::nullopt;
}

Text JsonReader::list_text(std::string_view name) const {
  const boost::json::value* value = find(name);
  if (value == nullptr) return std::nullopt;
  if (value->is_array()) return boost::json::serialize(value->get_array());
  note(name);
  return std::nullopt;
}

JsonReader JsonReader::object(std::string_view name) const {
  const std::string path = path_ + "." + std::string(name);
  const boost::json::value* value = find(name);
  if (value == nullptr) return {nullptr, path, oddities_};
  if (value->is_object()) return {&value->get_object(), path, oddities_};
  note(name);
  return {nullptr, path, oddities_};
}

std::vector<JsonReader> JsonReader::objects(std::string_view name) const {
  std::vector<JsonReader> readers;
  const boost::json::value* value = find(name);
  if (value == nullptr) return readers;
  if (!value->is_array()) {
    note(name);
    return readers;
  }
  for (std::size_t i = 0; i < value->get_array().size(); ++i) {
    const boost::json::value& item = value->get_array()[i];
    const std::string path = path_ + "." + std::string(name) + "[" + std::to_string(i) + "]";
    if (!item.is_object()) oddities_.push_back(path);
    readers.emplace_back(item.if_object(), path, oddities_);
  }
  return readers;
}

}  // namespace couponsync
