#pragma once

#include "configuration/configuration_error.h"
#include "configuration/file_pattern.h"
#include "store/mirror.h"

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace couponsync::daemon {

enum class LogLevel { trace, debug, info, warn, error };
enum class LogFormat { text, json };

/// Users of one appid, all narrowed by the same filters.
struct WatchGroup {
  std::string appid;
  std::vector<std::string> openids;
  std::vector<FilePattern> openid_files;
  std::string product_coupon_id;  ///< empty: not narrowed
  std::string stock_id;
  std::vector<std::string> coupon_states;  ///< a listing each; empty: one listing for all states
};

/// The configuration file, validated, with every default filled in and every path absolute. Plain data.
struct Configuration {
  struct Credentials {
    std::string certificate_serial;
    std::filesystem::path private_key_file;
    std::string wechatpay_public_key_id;
    std::filesystem::path wechatpay_public_key_file;
    std::optional<std::filesystem::path> api_v3_key_file;  ///< absent: no notification can be read
  };
  struct Mirror {
    std::filesystem::path path;
    Durability durability = Durability::full;
  };
  struct Api {
    std::string primary = "https://api.mch.weixin.qq.com";
    std::optional<std::string> backup = "https://api2.mch.weixin.qq.com";
    std::optional<std::filesystem::path> ca_file;
    int page_size = 50;
    std::chrono::milliseconds connect_timeout{5'000};
    std::chrono::milliseconds request_timeout{20'000};
    std::size_t max_response_bytes = 33'554'432;
  };
  struct Sync {
    std::chrono::milliseconds interval{900'000};
    int concurrency = 32;
    /// How much of what an openid file gave may be gone from it at a reload. 1: all of it, and a file without
    /// openids is fine.
    double max_watchlist_shrink = 0.5;
  };
  struct Rate {
    double max_requests_per_second = 400;
    double start_requests_per_second = 20;
    double share = 1.0;

    bool operator==(const Rate&) const = default;
  };
  struct Http {
    std::optional<std::string> listen;
  };
  struct Log {
    LogLevel level = LogLevel::info;
    LogFormat format = LogFormat::text;
  };

  std::filesystem::path file;
  std::string brand_id;
  Credentials credentials;
  std::vector<WatchGroup> watchlist;
  Mirror mirror;
  Api api;
  Sync sync;
  Rate rate;
  Http http;
  Log log;
};

/// Reads and validates the file: JSON, comments and trailing commas allowed. Throws ConfigurationError with
/// every problem.
Configuration load_configuration(const std::filesystem::path& file);

}  // namespace couponsync::daemon
