#pragma once

#include "base/coupon.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

/// Inside the decoder: tolerant reading of one object, with the path of everything that is not as documented.
namespace couponsync {

class JsonReader {
 public:
  /// `object` may be null: every member is absent then. `path` names it in oddities, which outlive this.
  JsonReader(const boost::json::object* object, std::string path, std::vector<std::string>& oddities)
      : object_(object), path_(std::move(path)), oddities_(oddities) {}

  bool present() const { return object_ != nullptr; }
  const std::string& path() const { return path_; }

  Text text(std::string_view name) const;
  /// A whole number that fits 64 bits, also if it is written as 3.0.
  Integer integer(std::string_view name) const;
  Instant instant(std::string_view name) const;
  Flag flag(std::string_view name) const;
  /// A list as JSON text.
  Text list_text(std::string_view name) const;

  JsonReader object(std::string_view name) const;
  /// The objects of a list, each with its own path; anything else in it is an oddity and keeps its place.
  std::vector<JsonReader> objects(std::string_view name) const;

 private:
  /// Null for a member that is absent or null.
  const boost::json::value* find(std::string_view name) const;
  void note(std::string_view name) const;

  const boost::json::object* object_;
  std::string path_;
  std::vector<std::string>& oddities_;
};

}  // namespace couponsync
