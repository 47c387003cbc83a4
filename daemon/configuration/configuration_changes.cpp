#include "configuration/configuration_changes.h"

#include "configuration/duration.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <string_view>

namespace couponsync::daemon {
namespace {

std::string shown(const std::string& text) { return text; }
std::string shown(const std::filesystem::path& path) { return path.string(); }
std::string shown(std::chrono::milliseconds duration) { return format_duration(duration); }
std::string shown(LogLevel level) {
  switch (level) {
    case LogLevel::trace:
      return "trace";
    case LogLevel::debug:
      return "debug";
    case LogLevel::info:
      return "info";
    case LogLevel::warn:
      return "warn";
    case LogLevel::error:
      return "error";
  }
  return "";
}
std::string shown(LogFormat format) { return format == LogFormat::json ? "json" : "text"; }
std::string shown(double number) { return fmt::format("{}", number); }
std::string shown(int number) { return std::to_string(number); }
std::string shown(std::size_t number) { return std::to_string(number); }
template <class T>
std::string shown(const std::optional<T>& value) {
  return value ? shown(*value) : "null";
}

class Changes {
 public:
  template <class T>
  void compare(std::string_view name, const T& before, const T& now) {
    if (before != now) found.push_back(fmt::format("{} {} -> {}", name, shown(before), shown(now)));
  }
  void compare_secret(std::string_view name, const auto& before, const auto& now) {
    if (before != now) found.push_back(fmt::format("{} changed", name));
  }

  std::vector<std::string> found;
};

std::vector<ListingKey> sorted(std::span<const ListingKey> keys) {
  std::vector<ListingKey> copy(keys.begin(), keys.end());
  std::ranges::sort(copy);
  return copy;
}

/// How many of `these` are not among `those`.
std::size_t count_beyond(const std::vector<ListingKey>& those, const std::vector<ListingKey>& these) {
  std::vector<ListingKey> beyond;
  std::ranges::set_difference(these, those, std::back_inserter(beyond));
  return beyond.size();
}

}  // namespace

std::vector<std::string> changed_settings(const Configuration& before, const Configuration& now) {
  Changes changes;
  changes.compare("brand_id", before.brand_id, now.brand_id);
  changes.compare_secret("credentials.certificate_serial", before.credentials.certificate_serial,
                         now.credentials.certificate_serial);
  changes.compare("credentials.private_key_file", before.credentials.private_key_file,
                  now.credentials.private_key_file);
  changes.compare_secret("credentials.wechatpay_public_key_id", before.credentials.wechatpay_public_key_id,
                         now.credentials.wechatpay_public_key_id);
  changes.compare("credentials.wechatpay_public_key_file", before.credentials.wechatpay_public_key_file,
                  now.credentials.wechatpay_public_key_file);
  changes.compare("api.primary", before.api.primary, now.api.primary);
  changes.compare("api.backup", before.api.backup, now.api.backup);
  changes.compare("api.ca_file", before.api.ca_file, now.api.ca_file);
  changes.compare("api.page_size", before.api.page_size, now.api.page_size);
  changes.compare("api.connect_timeout", before.api.connect_timeout, now.api.connect_timeout);
  changes.compare("api.request_timeout", before.api.request_timeout, now.api.request_timeout);
  changes.compare("api.max_response_bytes", before.api.max_response_bytes, now.api.max_response_bytes);
  changes.compare("sync.interval", before.sync.interval, now.sync.interval);
  changes.compare("sync.concurrency", before.sync.concurrency, now.sync.concurrency);
  changes.compare("rate.max_requests_per_second", before.rate.max_requests_per_second,
                  now.rate.max_requests_per_second);
  changes.compare("rate.start_requests_per_second", before.rate.start_requests_per_second,
                  now.rate.start_requests_per_second);
  changes.compare("rate.share", before.rate.share, now.rate.share);
  changes.compare("http.listen", before.http.listen, now.http.listen);
  changes.compare("log.level", before.log.level, now.log.level);
  changes.compare("log.format", before.log.format, now.log.format);
  return changes.found;
}

std::string changed_listings(std::span<const ListingKey> before, std::span<const ListingKey> now) {
  const std::vector<ListingKey> old_ones = sorted(before);
  const std::vector<ListingKey> new_ones = sorted(now);
  const std::size_t added = count_beyond(old_ones, new_ones);
  const std::size_t removed = count_beyond(new_ones, old_ones);
  if (added == 0 && removed == 0) return "";
  return fmt::format("{} listings added, {} removed", added, removed);
}

}  // namespace couponsync::daemon
