#include "configuration/configuration.h"

#include "configuration/json_file.h"
#include "configuration/settings_object.h"
#include "configuration/value_rules.h"
#include "net/endpoint.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <utility>

namespace couponsync::daemon {
namespace {

using std::chrono::milliseconds;

/// A call in a quarter of an hour: what is less is not meant.
constexpr double kLowestRate = 0.001;
constexpr std::string_view kCredentialPrefix = "credential:";

/// Reads the sections into a Configuration.
class Loader {
 public:
  /// `problems` were found before.
  Loader(const std::filesystem::path& file, std::vector<ConfigurationProblem> problems)
      : folder_(std::filesystem::absolute(file).parent_path()), problems_(std::move(problems)) {
    result_.file = std::filesystem::absolute(file);
  }

  Configuration load(const boost::json::value& root);

 private:
  void read_credentials(SettingsObject reader);
  void read_watchlist(const boost::json::array* groups, const std::string& pointer);
  void read_group(SettingsObject reader);
  void read_mirror(SettingsObject reader);
  void read_api(SettingsObject reader);
  void read_sync(SettingsObject reader);
  void read_rate(SettingsObject reader);
  void read_log(SettingsObject reader);
  void read_url(SettingsObject& reader, std::string_view name, std::optional<std::string>& url,
                bool may_be_null);
  /// Absolute; a credential's name becomes its file.
  std::filesystem::path resolve(SettingsObject& reader, std::string_view name, const std::string& text);
  FilePattern resolve_pattern(SettingsObject& reader, std::string_view name, const std::string& text);
  void required_file(SettingsObject& reader, std::string_view name, std::filesystem::path& out);
  void optional_file(SettingsObject& reader, std::string_view name,
                     std::optional<std::filesystem::path>& out);

  std::filesystem::path folder_;
  std::vector<ConfigurationProblem> problems_;
  Configuration result_;
};

Configuration Loader::load(const boost::json::value& root) {
  if (!root.is_object())
    throw ConfigurationError(
        "", fmt::format("{}: found {}, allowed is an object", result_.file.string(), describe_type(root)));
  SettingsObject reader(&root.get_object(), "", problems_);
  reader.required_text("brand_id", result_.brand_id, kIdentifierAllowed, is_identifier);
  read_credentials(reader.object("credentials", true));
  read_watchlist(reader.list("watchlist", true), "/watchlist");
  read_mirror(reader.object("mirror", true));
  read_api(reader.object("api"));
  read_sync(reader.object("sync"));
  read_rate(reader.object("rate"));
  SettingsObject http = reader.object("http");
  http.text("listen", result_.http.listen, kListenAllowed, is_listen_address);
  http.finish();
  read_log(reader.object("log"));
  reader.finish();
  if (!problems_.empty()) throw ConfigurationError(std::move(problems_));
  return std::move(result_);
}

std::filesystem::path Loader::resolve(SettingsObject& reader, std::string_view name,
                                      const std::string& text) {
  if (!text.starts_with(kCredentialPrefix)) return (folder_ / text).lexically_normal();
  const std::string credential = text.substr(kCredentialPrefix.size());
  if (credential.empty() || credential.find('/') != std::string::npos || credential == "." ||
      credential == "..") {
    reader.problem(name, "a credential's name has no '/' and is not empty");
    return {};
  }
  const char* folder = std::getenv("CREDENTIALS_DIRECTORY");
  if (folder == nullptr) {
    reader.problem(
        name,
        "names a credential, but CREDENTIALS_DIRECTORY is not set: systemd sets it for a unit with "
        "LoadCredential=");
    return {};
  }
  return std::filesystem::path(folder) / credential;
}

FilePattern Loader::resolve_pattern(SettingsObject& reader, std::string_view name, const std::string& text) {
  if (text.starts_with(kCredentialPrefix)) return {resolve(reader, name, text), ""};
  // Of "..", the parent is meant that its text names, as in all paths here.
  std::filesystem::path folder = text.starts_with('/') ? "/" : folder_.lexically_normal();
  std::filesystem::path pattern;
  for (const std::filesystem::path& part : std::filesystem::path(text).lexically_normal().relative_path()) {
    if (part == ".." && pattern.empty())
      folder = folder.parent_path();
    else
      pattern /= part;
  }
  return {folder, pattern.string()};
}

void Loader::required_file(SettingsObject& reader, std::string_view name, std::filesystem::path& out) {
  std::string text;
  reader.required_text(name, text, kPathAllowed, is_path);
  if (!text.empty()) out = resolve(reader, name, text);
}

void Loader::optional_file(SettingsObject& reader, std::string_view name,
                           std::optional<std::filesystem::path>& out) {
  std::optional<std::string> text;
  reader.text(name, text, kPathAllowed, is_path);
  if (text) out = resolve(reader, name, *text);
}

void Loader::read_credentials(SettingsObject reader) {
  Configuration::Credentials& credentials = result_.credentials;
  if (!reader.present()) return;
  reader.required_text("certificate_serial", credentials.certificate_serial, kSerialAllowed, is_serial);
  required_file(reader, "private_key_file", credentials.private_key_file);
  reader.required_text("wechatpay_public_key_id", credentials.wechatpay_public_key_id, kIdentifierAllowed,
                       is_identifier);
  required_file(reader, "wechatpay_public_key_file", credentials.wechatpay_public_key_file);
  optional_file(reader, "api_v3_key_file", credentials.api_v3_key_file);
  reader.finish();
}

void Loader::read_watchlist(const boost::json::array* groups, const std::string& pointer) {
  if (groups == nullptr) return;
  if (groups->empty()) problems_.push_back({pointer, "is empty, at least one group of openids is needed"});
  for (std::size_t i = 0; i < groups->size(); ++i) {
    const boost::json::value& group = (*groups)[i];
    const std::string place = pointer + "/" + std::to_string(i);
    if (!group.is_object())
      problems_.push_back({place, fmt::format("found {}, allowed is an object", describe_type(group))});
    else
      read_group(SettingsObject(&group.get_object(), place, problems_));
  }
}

void Loader::read_mirror(SettingsObject reader) {
  if (!reader.present()) return;
  required_file(reader, "path", result_.mirror.path);
  std::size_t durability = 0;
  reader.choice("durability", {"full", "normal"}, durability);
  result_.mirror.durability = durability == 0 ? Durability::full : Durability::normal;
  reader.finish();
}

void Loader::read_api(SettingsObject reader) {
  Configuration::Api& api = result_.api;
  std::optional<std::string> primary = api.primary;
  read_url(reader, "primary", primary, false);
  api.primary = primary.value_or("");
  read_url(reader, "backup", api.backup, true);
  if (api.backup && *api.backup == api.primary)
    reader.problem("backup", "is the same as api.primary; give null if there is no backup");
  optional_file(reader, "ca_file", api.ca_file);
  std::int64_t page_size = api.page_size;
  reader.integer("page_size", 1, 50, page_size);
  api.page_size = static_cast<int>(page_size);
  reader.duration("connect_timeout", milliseconds(100), std::chrono::minutes(5), api.connect_timeout);
  reader.duration("request_timeout", milliseconds(100), std::chrono::minutes(10), api.request_timeout);
  auto bytes = static_cast<std::int64_t>(api.max_response_bytes);
  reader.integer("max_response_bytes", 1024, 1'073'741'824, bytes);
  api.max_response_bytes = static_cast<std::size_t>(bytes);
  reader.finish();
}

void Loader::read_url(SettingsObject& reader, std::string_view name, std::optional<std::string>& url,
                      bool may_be_null) {
  std::string why_not;
  const auto valid = [&why_not](std::string_view text) {
    return parse_https_endpoint(text, why_not).has_value();
  };
  const char* allowed = may_be_null ? "null or \"https://HOST[:PORT]\"" : "\"https://HOST[:PORT]\"";
  if (may_be_null) {
    reader.text(name, url, allowed, valid);
  } else {
    std::string text = url.value_or("");
    reader.text(name, text, allowed, valid);
    url = text;
  }
  if (!why_not.empty()) reader.problem(name, why_not);
}

void Loader::read_sync(SettingsObject reader) {
  reader.duration("interval", std::chrono::seconds(1), std::chrono::days(365), result_.sync.interval);
  std::int64_t concurrency = result_.sync.concurrency;
  reader.integer("concurrency", 1, 1024, concurrency);
  result_.sync.concurrency = static_cast<int>(concurrency);
  reader.number("max_watchlist_shrink", 0, 1, result_.sync.max_watchlist_shrink);
  reader.finish();
}

void Loader::read_rate(SettingsObject reader) {
  Configuration::Rate& rate = result_.rate;
  reader.number("max_requests_per_second", 0, 100'000, rate.max_requests_per_second, kLowestRate);
  // A brand that lowers the maximum below the default start means that start as well.
  rate.start_requests_per_second = std::min(rate.start_requests_per_second, rate.max_requests_per_second);
  reader.number("start_requests_per_second", 0, rate.max_requests_per_second, rate.start_requests_per_second,
                kLowestRate);
  reader.number("share", 0, 1, rate.share);
  reader.finish();
}

void Loader::read_log(SettingsObject reader) {
  auto level = static_cast<std::size_t>(result_.log.level);
  reader.choice("level", {"trace", "debug", "info", "warn", "error"}, level);
  result_.log.level = static_cast<LogLevel>(level);
  auto format = static_cast<std::size_t>(result_.log.format);
  reader.choice("format", {"text", "json"}, format);
  result_.log.format = static_cast<LogFormat>(format);
  reader.finish();
}

void Loader::read_group(SettingsObject reader) {
  WatchGroup group;
  reader.required_text("appid", group.appid, kIdentifierAllowed, is_identifier);
  reader.texts("openids", group.openids, kIdentifierAllowed, is_identifier);
  std::vector<std::string> files;
  reader.texts("openid_files", files, kPathAllowed, is_path);
  for (const std::string& file : files)
    group.openid_files.push_back(resolve_pattern(reader, "openid_files", file));
  if (!reader.has("openids") && !reader.has("openid_files"))
    reader.problem("openids", "is missing, and so is openid_files: give one of them or both");
  reader.text("product_coupon_id", group.product_coupon_id, kIdentifierAllowed, is_identifier);
  reader.text("stock_id", group.stock_id, kIdentifierAllowed, is_identifier);
  reader.texts("coupon_states", group.coupon_states, kCouponStateAllowed, is_coupon_state);
  if (reader.is_empty_list("coupon_states"))
    reader.problem("coupon_states", "is empty; leave it out or name at least one");
  reader.finish();
  result_.watchlist.push_back(std::move(group));
}

}  // namespace

Configuration load_configuration(const std::filesystem::path& file) {
  std::vector<ConfigurationProblem> problems;
  const boost::json::value root = read_json_file(file, problems);
  return Loader(file, std::move(problems)).load(root);
}

}  // namespace couponsync::daemon
