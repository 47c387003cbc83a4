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
#include <unordered_set>
#include <vector>

namespace couponsync {

/// What a value is, without telling it: "a number", "an empty string", "nothing" for nullptr, ...
std::string_view kind_name(const boost::json::value* value);

/// Where a value stands in the document, e.g. user_coupon_list[3].receive_time. Linked to its parents, which
/// must outlive it, so that it costs nothing until it must be told.
class JsonPath {
 public:
  JsonPath() = default;  ///< the document itself
  JsonPath(const JsonPath& parent, std::string_view member) : parent_(&parent), member_(member) {}
  JsonPath(const JsonPath& parent, std::size_t index) : parent_(&parent), index_(index) {}

  /// Cut off once it is as long as anybody is told.
  std::string text() const;

 private:
  const JsonPath* parent_ = nullptr;
  std::string_view member_;
  std::optional<std::size_t> index_;
};

/// "PATH: expected EXPECTED, found KIND". Never tells a value.
std::string mismatch(const JsonPath& path, std::string_view expected, const boost::json::value* found);

/// What a document holds that is not as documented.
class Oddities {
 public:
  /// "PATH: WHAT"
  void note(const JsonPath& path, std::string_view what);
  void note_mismatch(const JsonPath& path, std::string_view expected, const boost::json::value* found);
  /// `text` stays where it is.
  void note_broken_text(const JsonPath& path, const boost::json::value& text);

  /// Whether the text was broken, so that it is not for certain what was sent.
  bool is_broken(const boost::json::value& text) const { return broken_.contains(&text); }
  const std::vector<std::string>& texts() const { return texts_; }

 private:
  std::vector<std::string> texts_;
  std::unordered_set<const boost::json::value*> broken_;
};

/// Reads the members of one object that may be missing: what is absent or null is nullopt; what has not the
/// documented type is nullopt too, and an oddity. A reader of an absent object reads nothing. Readers of
/// inner objects point to the outer one, so they neither move nor outlive it.
class ReplyObject {
 public:
  /// Both pointers are borrowed; `object` may be nullptr.
  ReplyObject(const boost::json::object* object, const JsonPath& path, Oddities* oddities)
      : object_(object), path_(path), oddities_(oddities) {}
  ReplyObject(const ReplyObject&) = delete;
  ReplyObject& operator=(const ReplyObject&) = delete;

  bool present() const { return object_ != nullptr; }
  const boost::json::object* dom() const { return object_; }
  const JsonPath& path() const { return path_; }

  /// nullptr if the member is absent or null.
  const boost::json::value* find(std::string_view member) const;

  Text text(std::string_view member) const;
  /// A text that names what the object is, which a row is kept under: neither empty nor broken. Anything
  /// else, also its absence, is nullopt and an oddity.
  Text identity(std::string_view member) const;
  /// Whether the member is a text that came broken.
  bool is_broken(std::string_view member) const {
    const boost::json::value* value = find(member);
    return value != nullptr && oddities_->is_broken(*value);
  }
  /// Also takes a double without a fraction, such as 3.0.
  Integer integer(std::string_view member) const;
  Instant instant(std::string_view member) const;
  Flag flag(std::string_view member) const;
  /// An array without arrays or objects in it, as compact JSON text.
  Text scalar_list(std::string_view member) const;

  ReplyObject object(std::string_view member) const&;
  ReplyObject object(std::string_view member) const&& = delete;  // its path would dangle

  /// Calls `use(index, reader)` for each object of an array; null elements are passed over.
  template <class Use>
  void for_each_object(std::string_view member, Use use) const;

 private:
  void note_mismatch(std::string_view member, std::string_view expected,
                     const boost::json::value* found) const {
    oddities_->note_mismatch({path_, member}, expected, found);
  }
  const boost::json::array* array(std::string_view member) const;

  const boost::json::object* object_;
  JsonPath path_;
  Oddities* oddities_;
};

template <class Use>
void ReplyObject::for_each_object(std::string_view member, Use use) const {
  const boost::json::array* elements = array(member);
  if (elements == nullptr) return;
  const JsonPath list_path(path_, member);
  for (std::size_t index = 0; index < elements->size(); ++index) {
    const boost::json::value& element = (*elements)[index];
    const JsonPath path(list_path, index);
    if (element.is_object())
      use(static_cast<std::int64_t>(index), ReplyObject(&element.get_object(), path, oddities_));
    else if (!element.is_null())
      oddities_->note_mismatch(path, "an object", &element);
  }
}

/// A number without a fraction, however it is written, as long as it is for certain this one: of integers
/// those that fit 64 bits, of doubles those up to 10^15.
Integer whole_number(const boost::json::value& value);

std::string_view view_of(const boost::json::string& text);

}  // namespace couponsync
