#include "api/raw_slices.h"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

namespace couponsync {
namespace {

/// Walks JSON that is known to be well-formed, without understanding more than its brackets and strings.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  std::size_t position() const { return at_; }
  std::string_view since(std::size_t begin) const { return text_.substr(begin, at_ - begin); }

  void skip_space() {
    while (at_ < text_.size() && is_space(text_[at_])) ++at_;
  }

  /// Steps over white space, and over `c` if that comes next.
  bool take(char c) {
    skip_space();
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  /// The string, array, object or other value that comes next.
  std::string_view take_value() {
    skip_space();
    const std::size_t begin = at_;
    std::size_t depth = 0;
    do {
      const char c = at_ < text_.size() ? text_[at_] : '\0';
      if (c == '"')
        skip_string();
      else if (c == '{' || c == '[')
        ++depth, ++at_;
      else if (c == '}' || c == ']')
        --depth, ++at_;
      else if (depth > 0)
        ++at_;
      else
        skip_literal();
    } while (depth > 0 && at_ < text_.size());
    return since(begin);
  }

 private:
  static bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

  void skip_string() {
    for (++at_; at_ < text_.size() && text_[at_] != '"'; ++at_)
      if (text_[at_] == '\\') ++at_;
    if (at_ < text_.size()) ++at_;
  }

  void skip_literal() {
    while (at_ < text_.size() && text_[at_] != ',' && text_[at_] != ']' && text_[at_] != '}' &&
           !is_space(text_[at_]))
      ++at_;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

/// Whether a key, with its quotes, is `name`, also if it is written with escapes. One whose escapes are
/// broken is none that is asked for.
bool names(std::string_view key, std::string_view name) {
  if (key.find('\\') == std::string_view::npos) return key.substr(1, key.size() - 2) == name;
  boost::system::error_code broken;
  const boost::json::value unescaped = boost::json::parse(key, broken);
  return !broken && unescaped.get_string() == name;
}

EntrySlices slice_entry(Scanner& scan) {
  EntrySlices slices;
  if (!scan.take('{')) {
    scan.take_value();
    return slices;
  }
  slices.rest = "{";
  std::size_t begin = scan.position();  // of a member, with the white space in front of it
  while (!scan.take('}')) {
    const std::string_view key = scan.take_value();
    scan.take(':');
    const std::string_view value = scan.take_value();
    scan.skip_space();
    if (names(key, "product_coupon")) {
      slices.product_coupon = value;
    } else if (names(key, "stock")) {
      slices.stock = value;
    } else {
      if (slices.rest.size() > 1) slices.rest += ',';
      slices.rest.append(scan.since(begin));
    }
    scan.take(',');
    begin = scan.position();
  }
  slices.rest += '}';
  return slices;
}

std::vector<EntrySlices> slice_list(Scanner& scan) {
  std::vector<EntrySlices> entries;
  if (!scan.take('[')) {
    scan.take_value();
    return entries;
  }
  while (!scan.take(']')) {
    entries.push_back(slice_entry(scan));
    scan.take(',');
  }
  return entries;
}

}  // namespace

std::vector<EntrySlices> slice_entries(std::string_view document) {
  Scanner scan(document);
  std::vector<EntrySlices> entries;
  scan.take('{');
  while (!scan.take('}')) {
    const std::string_view key = scan.take_value();
    scan.take(':');
    if (names(key, "user_coupon_list"))
      entries = slice_list(scan);
    else
      scan.take_value();
    scan.take(',');
  }
  return entries;
}

}  // namespace couponsync
