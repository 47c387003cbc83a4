#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

/// Inside the decoder: the text of JSON that a parser has already accepted, cut where its values begin and
/// end, so that the mirror keeps what was received and not what a library makes of it. Undefined for text
/// that is no JSON.
namespace couponsync {

struct RawMember {
  std::string name;        ///< unescaped
  std::string_view whole;  ///< name, colon and value as received
  std::string_view value;
};

std::vector<RawMember> raw_members(std::string_view object);
std::vector<std::string_view> raw_items(std::string_view array);

/// The value of the last member of that name, as parsers have it; empty if there is none.
std::string_view raw_value(std::span<const RawMember> members, std::string_view name);

/// The object without the members of these names.
std::string without(std::span<const RawMember> members, std::span<const std::string_view> names);

}  // namespace couponsync
