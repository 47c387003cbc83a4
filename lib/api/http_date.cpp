#include "api/http_date.h"

#include "api/text_scanner.h"

#include <array>
#include <charconv>

namespace couponsync {
namespace {

using std::chrono::seconds;

constexpr std::array<std::string_view, 7> kWeekdays{"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

template <std::size_t n>
std::optional<unsigned> take_name(TextScanner& scan, const std::array<std::string_view, n>& names) {
  for (unsigned i = 0; i < n; ++i)
    if (scan.take(names[i])) return i;
  return std::nullopt;
}

std::optional<std::chrono::sys_days> take_date(TextScanner& scan) {
  const auto day = scan.take_number(2);
  if (!day || !scan.take(" ")) return std::nullopt;
  const auto month = take_name(scan, kMonths);
  if (!month || !scan.take(" ")) return std::nullopt;
  const auto year = scan.take_number(4);
  if (!year) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year), std::chrono::month(*month + 1),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days(date);
}

std::optional<seconds> take_time_of_day(TextScanner& scan) {
  const auto hour = scan.take_number(2);
  if (!hour || *hour > 23 || !scan.take(":")) return std::nullopt;
  const auto minute = scan.take_number(2);
  if (!minute || *minute > 59 || !scan.take(":")) return std::nullopt;
  const auto second = scan.take_number(2);
  if (!second || *second > 60) return std::nullopt;
  return std::chrono::hours(*hour) + std::chrono::minutes(*minute) + seconds(*second);
}

}  // namespace

std::optional<std::chrono::sys_seconds> parse_http_date(std::string_view text) {
  TextScanner scan(text);
  if (!take_name(scan, kWeekdays) || !scan.take(", ")) return std::nullopt;
  const auto date = take_date(scan);
  if (!date || !scan.take(" ")) return std::nullopt;
  const auto time = take_time_of_day(scan);
  if (!time || !scan.take(" GMT") || !scan.at_end()) return std::nullopt;
  return *date + *time;
}

std::optional<seconds> clock_lead(const HttpReply& reply, UnixSeconds now) {
  const auto sent = parse_http_date(reply.header("Date").value_or(""));
  if (!sent) return std::nullopt;
  return seconds(now) - sent->time_since_epoch();
}

std::optional<seconds> signed_clock_lead(const HttpReply& reply, UnixSeconds now) {
  const std::string_view text = reply.header("Wechatpay-Timestamp").value_or("");
  UnixSeconds signed_at = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), signed_at);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return seconds(now - signed_at);
}

}  // namespace couponsync
