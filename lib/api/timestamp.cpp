#include "api/timestamp.h"

#include <chrono>
#include <cstdint>

namespace couponsync {
namespace {

/// Takes a text apart from its beginning.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  /// Exactly `digits` digits, from `low` to `high`.
  bool number(int digits, int low, int high, int& value) {
    if (text_.size() < static_cast<std::size_t>(digits)) return false;
    value = 0;
    for (int i = 0; i < digits; ++i) {
      if (!is_digit(text_[static_cast<std::size_t>(i)])) return false;
      value = value * 10 + (text_[static_cast<std::size_t>(i)] - '0');
    }
    text_.remove_prefix(static_cast<std::size_t>(digits));
    return low <= value && value <= high;
  }

  bool one_of(std::string_view characters, char& found) {
    if (text_.empty() || characters.find(text_[0]) == std::string_view::npos) return false;
    found = text_[0];
    text_.remove_prefix(1);
    return true;
  }

  bool one_of(std::string_view characters) {
    char ignored = 0;
    return one_of(characters, ignored);
  }

  /// At least one digit, any number of them.
  bool digits() {
    std::size_t count = 0;
    while (count < text_.size() && is_digit(text_[count])) ++count;
    text_.remove_prefix(count);
    return count > 0;
  }

  bool at_end() const { return text_.empty(); }

 private:
  static bool is_digit(char c) { return c >= '0' && c <= '9'; }
  std::string_view text_;
};

bool read_date(Reader& reader, std::int64_t& days) {
  int year = 0;
  int month = 0;
  int day = 0;
  if (!reader.number(4, 0, 9999, year) || !reader.one_of("-") || !reader.number(2, 1, 12, month) ||
      !reader.one_of("-") || !reader.number(2, 1, 31, day))
    return false;
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return false;
  days = std::chrono::sys_days(date).time_since_epoch().count();
  return true;
}

bool read_time(Reader& reader, std::int64_t& seconds_of_day) {
  int hour = 0;
  int minute = 0;
  int second = 0;
  if (!reader.number(2, 0, 23, hour) || !reader.one_of(":") || !reader.number(2, 0, 59, minute)) return false;
  // 60 is a leap second.
  if (reader.one_of(":")) {
    if (!reader.number(2, 0, 60, second)) return false;
    if (reader.one_of(".") && !reader.digits()) return false;
  }
  seconds_of_day = (hour * 60 + minute) * 60 + second;
  return true;
}

bool read_offset(Reader& reader, std::int64_t& offset) {
  char sign = 0;
  if (!reader.one_of("Zz+-", sign)) return false;
  offset = 0;
  if (sign == 'Z' || sign == 'z') return true;
  int hours = 0;
  int minutes = 0;
  if (!reader.number(2, 0, 23, hours) || !reader.one_of(":") || !reader.number(2, 0, 59, minutes))
    return false;
  offset = (hours * 60 + minutes) * 60;
  if (sign == '-') offset = -offset;
  return true;
}

}  // namespace

std::optional<UnixSeconds> parse_timestamp(std::string_view text) {
  Reader reader(text);
  std::int64_t days = 0;
  std::int64_t seconds = 0;
  std::int64_t offset = 0;
  if (!read_date(reader, days) || !reader.one_of("Tt ") || !read_time(reader, seconds) ||
      !read_offset(reader, offset) || !reader.at_end())
    return std::nullopt;
  return days * 86'400 + seconds - offset;
}

}  // namespace couponsync
