#pragma once

#include "configuration/configuration.h"
#include "support/temporary_folder.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

namespace couponsync::daemon::test {

/// Configuration files in a folder of their own.
class ConfigurationTest : public testing::Test {
 protected:
  const std::filesystem::path& folder() const { return folder_.path(); }
  std::filesystem::path write(const std::string& name, const std::string& text) const;
  Configuration load(const std::string& text) const;
  /// Every problem of the text, one a line; "" if there is none.
  std::string problems(const std::string& text) const;
  /// The least configuration there is, with `more` members added.
  static std::string minimal(const std::string& more = "");

 private:
  couponsync::test::TemporaryFolder folder_;
};

}  // namespace couponsync::daemon::test
