#pragma once

#include "e2e/expected_rows.h"
#include "e2e/process.h"
#include "e2e/sandbox.h"
#include "support/temporary_folder.h"

#include <boost/json/object.hpp>
#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace couponsync::test {

/// The real program against the sandbox over TLS, each test in a folder of its own.
class E2eTest : public testing::Test {
 protected:
  void start_sandbox(std::vector<std::string> options);
  Sandbox& sandbox() { return *sandbox_; }

  /// `couponsyncd COMMAND --config CONFIG OPTIONS...` to its end.
  ProcessResult couponsyncd(const std::string& command, const std::vector<std::string>& options = {}) const;
  std::unique_ptr<Process> start_couponsyncd(const std::string& command,
                                             const std::vector<std::string>& options = {},
                                             const std::vector<std::string>& environment = {}) const;
  /// `once --json`, which must exit with `exit_code`; returns the summary.
  boost::json::object once(int exit_code = 0) const;

  /// Fails the test with the first differences between the mirror and what the sandbox says it has now.
  void expect_mirror_equals_sandbox() const;
  /// The first column of the first row.
  std::string query(const std::string& sql) const;
  /// Waits until every watched listing was read to its end.
  void wait_until_all_is_read() const;
  /// Sets a member of the configuration, e.g. ("sync", "concurrency", 16).
  void configure(const std::string& section, const std::string& key, const boost::json::value& value) const;

  const std::filesystem::path& folder() const { return folder_.path(); }

 private:
  TemporaryFolder folder_;
  std::unique_ptr<Sandbox> sandbox_;
};

/// The member as a whole number.
std::int64_t number(const boost::json::object& object, const char* key);

}  // namespace couponsync::test
