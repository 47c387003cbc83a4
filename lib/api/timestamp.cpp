#include "api/timestamp.h"

#include "api/text_scanner.h"

#include <chrono>

namespace couponsync {
namespace {

using std::chrono::seconds;

std::optional<std::chrono::sys_days> take_date(TextScanner& scan) {
  const auto year = scan.take_number(4);
  if (!year || !scan.take("-")) return std::nullopt;
  const auto month = scan.take_number(2);
  if (!month || !scan.take("-")) return std::nullopt;
  const auto day = scan.take_number(2);
  if (!day) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days(date);
}

/// "hh:mm", of a day or of an offset.
std::optional<seconds> take_hours_and_minutes(TextScanner& scan) {
  const auto hours = scan.take_number(2);
  if (!hours || *hours > 23 || !scan.take(":")) return std::nullopt;
  const auto minutes = scan.take_number(2);
  if (!minutes || *minutes > 59) return std::nullopt;
  return std::chrono::hours(*hours) + std::chrono::minutes(*minutes);
}

/// Nothing, or ":ss" with or without a fraction.
std::optional<seconds> take_seconds(TextScanner& scan) {
  if (!scan.take(":")) return seconds(0);
  const auto whole = scan.take_number(2);
  if (!whole || *whole > 60) return std::nullopt;
  if (scan.take(".")) {
    if (!scan.take_number(1)) return std::nullopt;
    while (scan.take_number(1)) {
    }
  }
  return seconds(*whole);
}

std::optional<seconds> take_offset(TextScanner& scan) {
  if (scan.take_one_of("Zz")) return seconds(0);
  const bool east = scan.take("+");
  if (!east && !scan.take("-")) return std::nullopt;
  const auto size = take_hours_and_minutes(scan);
  if (!size) return std::nullopt;
  return east ? *size : -*size;
}

}  // namespace

std::optional<UnixSeconds> parse_timestamp(std::string_view text) {
  TextScanner scan(text);
  const auto date = take_date(scan);
  if (!date || !scan.take_one_of("Tt ")) return std::nullopt;
  const auto minutes = take_hours_and_minutes(scan);
  if (!minutes) return std::nullopt;
  const auto rest = take_seconds(scan);
  if (!rest) return std::nullopt;
  const auto offset = take_offset(scan);
  if (!offset || !scan.at_end()) return std::nullopt;
  return (date->time_since_epoch() + *minutes + *rest - *offset).count();
}

}  // namespace couponsync
