#include "configuration/configuration_changes.h"

#include "configuration/duration.h"
#include "configuration/watchlist.h"

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
std::string shown(Durability durability) { return durability == Durability::full ? "full" : "normal"; }
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

/// Of two lists in order.
std::string added_and_removed(std::string_view what, const std::vector<Fingerprint>& before,
                              const std::vector<Fingerprint>& now) {
  std::vector<Fingerprint> kept;
  std::ranges::set_intersection(before, now, std::back_inserter(kept));
  return fmt::format("{} {} added, {} removed", now.size() - kept.size(), what, before.size() - kept.size());
}

std::vector<Fingerprint> fingerprints_of(const ListingSet& listings) {
  std::vector<Fingerprint> fingerprints;
  fingerprints.reserve(listings.size());
  for (const ListingSet::Indexed& entry : listings.by_fingerprint())
    fingerprints.push_back(entry.fingerprint);
  return fingerprints;
}

}  // namespace

std::vector<std::string> changed_settings(const Configuration& before, const Configuration& now) {
  Changes changes;
  changes.compare_secret("credentials.certificate_serial", before.credentials.certificate_serial,
                         now.credentials.certificate_serial);
  changes.compare("credentials.private_key_file", before.credentials.private_key_file,
                  now.credentials.private_key_file);
  changes.compare_secret("credentials.wechatpay_public_key_id", before.credentials.wechatpay_public_key_id,
                         now.credentials.wechatpay_public_key_id);
  changes.compare("credentials.wechatpay_public_key_file", before.credentials.wechatpay_public_key_file,
                  now.credentials.wechatpay_public_key_file);
  changes.compare("credentials.api_v3_key_file", before.credentials.api_v3_key_file,
                  now.credentials.api_v3_key_file);
  changes.compare("api.primary", before.api.primary, now.api.primary);
  changes.compare("api.backup", before.api.backup, now.api.backup);
  changes.compare("api.ca_file", before.api.ca_file, now.api.ca_file);
  changes.compare("api.page_size", before.api.page_size, now.api.page_size);
  changes.compare("api.connect_timeout", before.api.connect_timeout, now.api.connect_timeout);
  changes.compare("api.request_timeout", before.api.request_timeout, now.api.request_timeout);
  changes.compare("api.max_response_bytes", before.api.max_response_bytes, now.api.max_response_bytes);
  changes.compare("sync.interval", before.sync.interval, now.sync.interval);
  changes.compare("sync.concurrency", before.sync.concurrency, now.sync.concurrency);
  changes.compare("sync.max_watchlist_shrink", before.sync.max_watchlist_shrink,
                  now.sync.max_watchlist_shrink);
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

std::string changed_listings(const ListingSet& before, const ListingSet& now) {
  const std::vector<Fingerprint> old_ones = fingerprints_of(before);
  const std::vector<Fingerprint> new_ones = fingerprints_of(now);
  if (old_ones == new_ones) return "";
  return fmt::format("{} ({})", added_and_removed("openids", users_of(before), users_of(now)),
                     added_and_removed("listings", old_ones, new_ones));
}

std::vector<std::string> keep_fixed_settings(const Configuration& before, Configuration& now) {
  if (now.brand_id != before.brand_id)
    throw ConfigurationError(
        "/brand_id",
        fmt::format("{} instead of {}: the mirror {} belongs to brand {}; give the other brand a "
                    "configuration, a mirror and a service of its own",
                    now.brand_id, before.brand_id, before.mirror.path.string(), before.brand_id));
  Changes changes;
  changes.compare("mirror.path", before.mirror.path, now.mirror.path);
  changes.compare("mirror.durability", before.mirror.durability, now.mirror.durability);
  now.mirror = before.mirror;
  return changes.found;
}

}  // namespace couponsync::daemon
