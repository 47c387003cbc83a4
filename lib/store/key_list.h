#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace couponsync {

/// The keys of child rows that stay, as a JSON list of texts such as "NORMAL/0" for SQLite's json_each.
class KeyList {
 public:
  template <class First, class... Rest>
  void add(const First& first, const Rest&... rest) {
    json_ += empty() ? "\"" : ",\"";
    append(first);
    ((json_ += '/', append(rest)), ...);
    json_ += '"';
  }
  std::string json() const { return json_ + "]"; }

 private:
  bool empty() const { return json_.size() == 1; }
  void append(std::int64_t number) { json_ += std::to_string(number); }
  void append(std::string_view text) {
    for (const char c : text) {
      if (c == '"' || c == '\\') json_ += '\\';
      json_ += c;
    }
  }

  std::string json_ = "[";
};

}  // namespace couponsync
