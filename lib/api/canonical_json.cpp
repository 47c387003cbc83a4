#include "api/canonical_json.h"

#include "api/reply_object.h"

#include <boost/container/small_vector.hpp>
#include <boost/json/array.hpp>

#include <algorithm>
#include <bit>
#include <cstdint>

namespace couponsync {
namespace json = boost::json;

void CanonicalForm::add(const json::object& object, std::initializer_list<std::string_view> left_out) {
  boost::container::small_vector<const json::key_value_pair*, 48> members;
  for (const json::key_value_pair& member : object)
    if (!member.value().is_null() &&
        std::ranges::find(left_out, std::string_view(member.key())) == left_out.end())
      members.push_back(&member);
  std::ranges::sort(members, {}, [](const json::key_value_pair* member) -> std::string_view {
    return {member->key().data(), member->key().size()};
  });
  form_ += '{';
  for (const json::key_value_pair* member : members) {
    add(std::string_view(member->key()));
    add(member->value());
  }
  form_ += '}';
}

/// With its length in front, so that no text can look like structure.
void CanonicalForm::add(std::string_view text) {
  form_.append("\"").append(std::to_string(text.size())).append(":").append(text);
}

void CanonicalForm::add_absent() { form_ += '-'; }

void CanonicalForm::add(const json::value& value) {
  if (const auto number = whole_number(value)) {
    form_.append("i").append(std::to_string(*number)).append(";");
    return;
  }
  switch (value.kind()) {
    case json::kind::object:
      return add(value.get_object());
    case json::kind::array:
      form_ += '[';
      for (const json::value& element : value.get_array()) add(element);
      form_ += ']';
      return;
    case json::kind::string:
      return add(view_of(value.get_string()));
    case json::kind::bool_:
      form_ += value.get_bool() ? 't' : 'f';
      return;
    case json::kind::uint64:
      form_.append("u").append(std::to_string(value.get_uint64())).append(";");
      return;
    case json::kind::double_:
      form_.append("d").append(std::to_string(std::bit_cast<std::uint64_t>(value.get_double()))).append(";");
      return;
    case json::kind::null:
      return add_absent();
    case json::kind::int64:
      return;  // a whole number: added above
  }
}

}  // namespace couponsync
