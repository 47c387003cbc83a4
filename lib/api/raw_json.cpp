#include "api/raw_json.h"

#include <boost/json/parse.hpp>

#include <algorithm>
#include <cstddef>

namespace couponsync {
namespace {

class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  void skip_space() {
    while (at_ < text_.size() && std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos)
      ++at_;
  }

  /// Takes `c` if it comes next.
  bool take(char c) {
    skip_space();
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  std::string_view value() {
    skip_space();
    const std::size_t begin = at_;
    int depth = 0;
    do {
      const char c = text_[at_];
      if (c == '"') {
        skip_string();
        continue;
      }
      if (c == '{' || c == '[') ++depth;
      if (c == '}' || c == ']') --depth;
      ++at_;
    } while (at_ < text_.size() && (depth > 0 || !ends_value(begin)));
    return text_.substr(begin, at_ - begin);
  }

  std::size_t at() const { return at_; }
  std::string_view text_between(std::size_t begin, std::size_t end) const {
    return text_.substr(begin, end - begin);
  }

 private:
  void skip_string() {
    for (++at_; text_[at_] != '"'; ++at_)
      if (text_[at_] == '\\') ++at_;
    ++at_;
  }

  /// Outside of brackets: the value is over at what may follow one, or if it was a string or in brackets.
  bool ends_value(std::size_t begin) const {
    const char first = text_[begin];
    return first == '"' || first == '{' || first == '[' ||
           std::string_view(",]} \t\r\n").find(text_[at_]) != std::string_view::npos;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

std::string unescaped(std::string_view name) {
  if (name.find('\\') == std::string_view::npos) return std::string(name.substr(1, name.size() - 2));
  const boost::json::value value = boost::json::parse({name.data(), name.size()});
  return {value.as_string().data(), value.as_string().size()};
}

}  // namespace

std::vector<RawMember> raw_members(std::string_view object) {
  std::vector<RawMember> members;
  Scanner scanner(object);
  scanner.take('{');
  if (scanner.take('}')) return members;
  do {
    scanner.skip_space();
    const std::size_t begin = scanner.at();
    const std::string_view name = scanner.value();
    scanner.take(':');
    const std::string_view value = scanner.value();
    members.push_back({unescaped(name), scanner.text_between(begin, scanner.at()), value});
  } while (scanner.take(','));
  return members;
}

std::vector<std::string_view> raw_items(std::string_view array) {
  std::vector<std::string_view> items;
  Scanner scanner(array);
  scanner.take('[');
  if (scanner.take(']')) return items;
  do {
    items.push_back(scanner.value());
  } while (scanner.take(','));
  return items;
}

std::string_view raw_value(std::span<const RawMember> members, std::string_view name) {
  const auto found =
      std::find_if(members.rbegin(), members.rend(), [name](const RawMember& m) { return m.name == name; });
  return found == members.rend() ? std::string_view() : found->value;
}

std::string without(std::span<const RawMember> members, std::span<const std::string_view> names) {
  std::string text = "{";
  for (const RawMember& member : members) {
    if (std::ranges::find(names, member.name) != names.end()) continue;
    if (text.size() > 1) text += ',';
    text += member.whole;
  }
  return text + "}";
}

}  // namespace couponsync
