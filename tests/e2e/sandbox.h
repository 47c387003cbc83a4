#pragma once

#include "e2e/process.h"

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <filesystem>
#include <string>
#include <vector>

namespace couponsync::test {

/// A running couponsyncd-sandbox with its keys, its watchlist and a ready configuration in a folder of its
/// own.
class Sandbox {
 public:
  Sandbox(const std::filesystem::path& folder, std::vector<std::string> options);

  /// A request to the control port; returns its JSON. Throws std::runtime_error unless it answers 2xx.
  boost::json::value get(const std::string& target) const;
  boost::json::value post(const std::string& target, const boost::json::object& body) const;
  void clear_faults() const;

  /// Returns once that many requests have arrived since the sandbox started.
  void wait_for_requests(std::int64_t count) const;
  std::int64_t requests() const;

  const std::filesystem::path& folder() const { return folder_; }
  std::filesystem::path config() const { return folder_ / "couponsyncd.json"; }
  std::filesystem::path mirror() const { return folder_ / "mirror.db"; }
  /// The configuration as written, to be changed and written again.
  boost::json::object read_config() const;
  void write_config(const boost::json::object& config) const;

 private:
  boost::json::value request(const std::string& method, const std::string& target,
                             const std::string& body) const;

  std::filesystem::path folder_;
  Process process_;
  std::string control_port_;
};

}  // namespace couponsync::test
