#include "api/content_hash.h"

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <string>
#include <vector>

namespace couponsync {
namespace {

void append(std::string& out, const boost::json::value& value);

void append(std::string& out, const boost::json::object& object, std::span<const std::string_view> left_out) {
  std::vector<const boost::json::key_value_pair*> members;
  for (const auto& member : object) {
    const std::string_view name(member.key().data(), member.key().size());
    if (!member.value().is_null() && std::ranges::find(left_out, name) == left_out.end())
      members.push_back(&member);
  }
  std::ranges::sort(members, {}, [](const auto* member) { return member->key(); });
  out += '{';
  for (const auto* member : members) {
    out += boost::json::serialize(boost::json::string_view(member->key()));
    out += ':';
    append(out, member->value());
    out += ',';
  }
  out += '}';
}

void append(std::string& out, const boost::json::value& value) {
  if (value.is_object()) {
    append(out, value.get_object(), {});
  } else if (value.is_array()) {
    out += '[';
    for (const boost::json::value& item : value.get_array()) {
      append(out, item);
      out += ',';
    }
    out += ']';
  } else {
    out += boost::json::serialize(value);
  }
}

}  // namespace

Digest content_hash(const boost::json::object& object, std::span<const std::string_view> left_out,
                    std::string_view added) {
  std::string text;
  append(text, object, left_out);
  text += added;
  return sha256(text);
}

}  // namespace couponsync
