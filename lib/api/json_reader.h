#pragma once

// Internal to this library: no JSON type leaves it.

#include "base/coupon.h"
#include "base/failure.h"

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace couponsync {

/// Parses a whole document into `memory`, which must outlive it. Fails with undecodable, saying where.
Result<boost::json::value> parse_json(std::string_view text, boost::json::storage_ptr memory);

/// What a value is, without telling it: "a number", "an empty string", "nothing" for nullptr, ...
std::string_view kind_name(const boost::json::value* value);

/// Where a value stands in the document, e.g. user_coupon_list[3].receive_time. Linked to its parents, which
/// must outlive it, so that it costs nothing until it must be told.
class JsonPath {
 public:
  JsonPath() = default;  ///< the document itself
  JsonPath(const JsonPath& parent, std::string_view member) : parent_(&parent), member_(member) {}
  JsonPath(const JsonPath& parent, std::size_t index) : parent_(&parent), index_(index) {}

  std::string text() const;

 private:
  const JsonPath* parent_ = nullptr;
  std::string_view member_;
  std::optional<std::size_t> index_;
};

/// "PATH: expected EXPECTED, found KIND", as an undecodable failure. Never tells a value.
Failure undecodable(const JsonPath& path, std::string_view expected, const boost::json::value* found);

/// Reads the members of one object that may be missing: what is absent or null is nullopt; what has not the
/// documented type is nullopt too, and its path goes to the oddities. A reader of an absent object reads
/// nothing. Readers of inner objects point to the outer one, so they neither move nor outlive it.
class ObjectReader {
 public:
  /// Both pointers are borrowed; `object` may be nullptr.
  ObjectReader(const boost::json::object* object, const JsonPath& path, std::vector<std::string>* oddities)
      : object_(object), path_(path), oddities_(oddities) {}
  ObjectReader(const ObjectReader&) = delete;
  ObjectReader& operator=(const ObjectReader&) = delete;

  bool present() const { return object_ != nullptr; }
  const boost::json::object* dom() const { return object_; }
  const JsonPath& path() const { return path_; }

  /// nullptr if the member is absent or null.
  const boost::json::value* find(std::string_view member) const;

  Text text(std::string_view member) const;
  /// Also takes a double without a fraction, such as 3.0.
  Integer integer(std::string_view member) const;
  Instant instant(std::string_view member) const;
  Flag flag(std::string_view member) const;
  /// An array without arrays or objects in it, as compact JSON text.
  Text scalar_list(std::string_view member) const;

  ObjectReader object(std::string_view member) const&;
  ObjectReader object(std::string_view member) const&& = delete;  // its path would dangle

  /// Calls `use(index, reader)` for each object of an array; null elements are passed over.
  template <class Use>
  void for_each_object(std::string_view member, Use use) const;

  /// Notes that this member is not what it should be.
  void odd(std::string_view member) const { odd(JsonPath(path_, member)); }

 private:
  void odd(const JsonPath& path) const { oddities_->push_back(path.text()); }
  const boost::json::array* array(std::string_view member) const;

  const boost::json::object* object_;
  JsonPath path_;
  std::vector<std::string>* oddities_;
};

template <class Use>
void ObjectReader::for_each_object(std::string_view member, Use use) const {
  const boost::json::array* elements = array(member);
  if (elements == nullptr) return;
  const JsonPath list_path(path_, member);
  for (std::size_t index = 0; index < elements->size(); ++index) {
    const boost::json::value& element = (*elements)[index];
    const JsonPath path(list_path, index);
    if (element.is_object())
      use(static_cast<std::int64_t>(index), ObjectReader(&element.get_object(), path, oddities_));
    else if (!element.is_null())
      odd(path);
  }
}

/// A number without a fraction that fits 64 bits, however it is written.
Integer whole_number(const boost::json::value& value);

std::string_view view_of(const boost::json::string& text);

}  // namespace couponsync
