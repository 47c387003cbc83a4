#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <string>

namespace couponsync::test {
namespace {

namespace fs = std::filesystem;

std::string text_of(const fs::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// Suite.Test, and Suite.* for each suite.
std::set<std::string> tests_there_are() {
  static const std::regex definition(R"(\bTEST(?:_F|_P)?\(\s*(\w+)\s*,\s*(\w+)\s*\))");
  std::set<std::string> names;
  for (const auto& entry : fs::recursive_directory_iterator(fs::path(COUPONSYNC_ROOT) / "tests")) {
    if (entry.path().extension() != ".cpp") continue;
    const std::string text = text_of(entry.path());
    for (std::sregex_iterator match(text.begin(), text.end(), definition), end; match != end; ++match) {
      names.insert((*match)[1].str() + "." + (*match)[2].str());
      names.insert((*match)[1].str() + ".*");
    }
  }
  return names;
}

/// The README promises by naming tests: one that was renamed or removed would leave a promise that nobody
/// keeps an eye on.
TEST(Promises, NameTestsThatAreThere) {
  static const std::regex name(R"(`(\w+\.(?:\w+|\*))`)");
  const std::string readme = text_of(fs::path(COUPONSYNC_ROOT) / "tests/README.md");
  const std::size_t begin = readme.find("## What is promised");
  ASSERT_NE(begin, std::string::npos);
  const std::string promises = readme.substr(begin, readme.find("\n## ", begin) - begin);

  const std::set<std::string> tests = tests_there_are();
  std::size_t named = 0;
  for (std::sregex_iterator match(promises.begin(), promises.end(), name), end; match != end; ++match) {
    EXPECT_TRUE(tests.contains((*match)[1])) << "no test is called " << (*match)[1];
    ++named;
  }
  EXPECT_GT(named, 50U);
}

}  // namespace
}  // namespace couponsync::test
