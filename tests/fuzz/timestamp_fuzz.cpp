// Bytes as an RFC 3339 instant, beside the C library's calendar.
#include "api/timestamp.h"
#include "fuzz/fuzz.h"

#include <array>
#include <optional>

namespace couponsync::fuzz {
namespace {

int number_at(std::string_view text, std::size_t at, std::size_t digits) {
  int number = 0;
  for (const char c : text.substr(at, digits)) {
    require(c >= '0' && c <= '9', "an instant has digits in their places");
    number = number * 10 + (c - '0');
  }
  return number;
}

/// Of what was accepted: "YYYY-MM-DDThh:mm", perhaps seconds, and an offset at the end.
UnixSeconds expected(std::string_view text) {
  require(text.size() >= 17, "an instant has a date, a time and an offset");
  tm calendar{};
  calendar.tm_year = number_at(text, 0, 4) - 1900;
  calendar.tm_mon = number_at(text, 5, 2) - 1;
  calendar.tm_mday = number_at(text, 8, 2);
  calendar.tm_hour = number_at(text, 11, 2);
  calendar.tm_min = number_at(text, 14, 2);
  if (text[16] == ':') calendar.tm_sec = number_at(text, 17, 2);
  const tm before = calendar;
  const UnixSeconds local = timegm(&calendar);
  require(calendar.tm_mday == before.tm_mday || calendar.tm_sec != before.tm_sec,
          "the day is in the calendar");
  if (text.back() == 'Z' || text.back() == 'z') return local;
  const std::size_t sign = text.size() - 6;
  const UnixSeconds offset = number_at(text, sign + 1, 2) * 3600 + number_at(text, sign + 4, 2) * 60;
  require(text[sign] == '+' || text[sign] == '-', "an offset has a sign");
  return text[sign] == '+' ? local - offset : local + offset;
}

std::optional<std::string> written(UnixSeconds instant) {
  constexpr UnixSeconds kYear0 = -62167219200;
  constexpr UnixSeconds kYear10000 = 253402300800;
  if (instant < kYear0 || instant >= kYear10000) return std::nullopt;
  const auto time = static_cast<time_t>(instant);
  tm calendar{};
  gmtime_r(&time, &calendar);
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02d-%02dT%02d:%02d:%02dZ", calendar.tm_year + 1900,
                calendar.tm_mon + 1, calendar.tm_mday, calendar.tm_hour, calendar.tm_min, calendar.tm_sec);
  return std::string(text.data());
}

void check(std::string_view text) {
  const TimeLimit limit(text.size());
  const std::optional<UnixSeconds> instant = parse_timestamp(text);
  if (!instant) return;
  require(*instant == expected(text), "an instant is the C library's");
  if (const std::optional<std::string> again = written(*instant))
    require(parse_timestamp(*again) == instant, "an instant that is written down is read again");
}

/// Every instant of the calendar is accepted.
void check_written(std::string_view bytes) {
  Input input(bytes);
  std::uint64_t seconds = 0;
  for (int i = 0; i < 5; ++i) seconds = seconds << 8U | input.byte();
  const UnixSeconds instant = static_cast<UnixSeconds>(seconds) - 62167219200;
  if (const std::optional<std::string> text = written(instant))
    require(parse_timestamp(*text) == instant, "every instant can be read");
}

}  // namespace
}  // namespace couponsync::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace couponsync::fuzz;
  check(text_of(data, size));
  check_written(text_of(data, size));
  return 0;
}
