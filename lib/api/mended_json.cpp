#include "api/mended_json.h"

#include "api/utf8.h"

#include <algorithm>
#include <cstdint>
#include <optional>

namespace couponsync {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD
constexpr std::size_t kEscapeSize = 6;                     // of \u and four digits
/// 1e99999 is infinite already, and more digits are an error to the parser.
constexpr std::size_t kMaxExponentDigits = 5;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// The UTF-16 code unit, if `text` begins with an escape of one.
std::optional<unsigned> escaped_unit(std::string_view text) {
  if (text.size() < kEscapeSize || !text.starts_with("\\u")) return std::nullopt;
  unsigned unit = 0;
  for (const char c : text.substr(2, 4)) {
    if (hex_value(c) < 0) return std::nullopt;
    unit = unit * 16 + static_cast<unsigned>(hex_value(c));
  }
  return unit;
}

bool is_high_surrogate(unsigned unit) { return unit >= 0xD800 && unit <= 0xDBFF; }
bool is_low_surrogate(unsigned unit) { return unit >= 0xDC00 && unit <= 0xDFFF; }

std::string escape_of(unsigned unit) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::string escape = "\\u";
  for (const unsigned shift : {12U, 8U, 4U, 0U}) escape += kDigits[(unit >> shift) & 0xFU];
  return escape;
}

struct Mark {
  std::string text;
  std::string escape;
};

/// One of the noncharacters U+FDD0 to U+FDEF that `document` does not hold, as itself or escaped.
Mark unused_mark(std::string_view document) {
  constexpr unsigned kFirst = 0xFDD0;
  constexpr unsigned kLast = 0xFDEF;
  const auto same_letter = [](char a, char b) {
    return a == b || (hex_value(a) == hex_value(b) && hex_value(a) >= 10);
  };
  Mark mark;
  for (unsigned character = kFirst; character <= kLast; ++character) {
    mark.text = std::string("\xEF\xB7") + static_cast<char>(0x80U | (character & 0x3FU));
    mark.escape = escape_of(character);
    const bool used = document.find(mark.text) != std::string_view::npos ||
                      std::search(document.begin(), document.end(), mark.escape.begin(), mark.escape.end(),
                                  same_letter) != document.end();
    if (!used) break;
  }
  return mark;
}

class Mender {
 public:
  explicit Mender(std::string_view document) : rest_(document), mark_(unused_mark(document)) {}

  MendedJson mend() {
    while (!rest_.empty()) {
      if (in_text_)
        take_from_text();
      else
        take_from_structure();
    }
    return {std::move(text_), std::move(marked_), std::move(mark_.text)};
  }

 private:
  void keep(std::size_t size) {
    const std::string_view kept = rest_.substr(0, size);
    put(kept, kept);
    rest_.remove_prefix(kept.size());
  }

  /// Both must be of the same size.
  void put(std::string_view text, std::string_view marked) {
    text_ += text;
    marked_ += marked;
  }

  void take_from_text() {
    const char c = rest_.front();
    if (c == '\\') return take_escape();
    if (static_cast<unsigned char>(c) < 0x20U) return take_control(static_cast<unsigned char>(c));
    if (c == '"') in_text_ = false;
    const Utf8Sequence sequence = first_utf8_sequence(rest_);
    if (sequence.valid) return keep(sequence.size);
    put(kReplacement, mark_.text);
    rest_.remove_prefix(sequence.size);
  }

  void take_escape() {
    const std::optional<unsigned> unit = escaped_unit(rest_);
    if (!unit) return keep(2);
    const std::optional<unsigned> next = escaped_unit(rest_.substr(kEscapeSize));
    if (is_high_surrogate(*unit) && next && is_low_surrogate(*next)) return keep(2 * kEscapeSize);
    const bool is_broken = is_high_surrogate(*unit) || is_low_surrogate(*unit) || *unit == 0;
    if (!is_broken) return keep(kEscapeSize);
    put(rest_.substr(0, kEscapeSize), mark_.escape);
    rest_.remove_prefix(kEscapeSize);
  }

  /// A character that JSON wants escaped; it is not lost for that, unless it is one that ends texts.
  void take_control(unsigned character) {
    const std::string escape = escape_of(character);
    put(escape, character == 0 ? mark_.escape : escape);
    rest_.remove_prefix(1);
  }

  void take_from_structure() {
    switch (rest_.front()) {
      case '{':
      case '[':
        return open();
      case '}':
      case ']':
        if (depth_ > 0) --depth_;
        return keep(1);
      case '"':
        in_text_ = true;
        return keep(1);
      case 'e':
      case 'E':
        return take_exponent();
      default:
        return keep(1);
    }
  }

  void open() {
    if (depth_ < kMaxJsonDepth) {
      ++depth_;
      return keep(1);
    }
    skip_value();
    put("null ", '"' + mark_.text + '"');
  }

  /// Steps over an array or object with all that stands in it.
  void skip_value() {
    std::size_t depth = 0;
    bool in_text = false;
    std::size_t at = 0;
    do {
      const char c = rest_[at];
      if (in_text && c == '\\')
        ++at;
      else if (c == '"')
        in_text = !in_text;
      else if (!in_text && (c == '{' || c == '['))
        ++depth;
      else if (!in_text && (c == '}' || c == ']'))
        --depth;
      ++at;
    } while (depth > 0 && at < rest_.size());
    rest_.remove_prefix(std::min(at, rest_.size()));
  }

  /// An exponent, or a letter of true or false.
  void take_exponent() {
    keep(1);
    if (!rest_.empty() && (rest_.front() == '+' || rest_.front() == '-')) keep(1);
    while (!rest_.empty() && rest_.front() == '0') keep(1);
    const auto end = std::ranges::find_if_not(rest_, is_digit);
    const auto digits = static_cast<std::size_t>(end - rest_.begin());
    if (digits <= kMaxExponentDigits) return keep(digits);
    put(rest_.substr(0, digits),
        std::string(digits - kMaxExponentDigits, '0') + std::string(kMaxExponentDigits, '9'));
    rest_.remove_prefix(digits);
  }

  std::string_view rest_;
  Mark mark_;
  std::string text_;
  std::string marked_;
  std::size_t depth_ = 0;
  bool in_text_ = false;
};

}  // namespace

MendedJson mend_json(std::string_view document) { return Mender(document).mend(); }

}  // namespace couponsync
