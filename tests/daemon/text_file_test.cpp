#include "configuration/text_file.h"

#include "daemon/configuration_fixture.h"

#include <fstream>
#include <sys/resource.h>

namespace couponsync::daemon::test {
namespace {

class TextFileTest : public ConfigurationTest {
 protected:
  using Check = std::function<void(const struct stat&)>;
  /// Why it cannot be read; "" if it can.
  ConfigurationProblem problem(const std::filesystem::path& file, const Check& meanwhile = {}) const {
    try {
      read_text_file(file, 1'000'000, "/here", meanwhile);
      return {};
    } catch (const ConfigurationError& error) {
      EXPECT_EQ(error.passing(), error.problems().at(0).passing);
      return error.problems().at(0);
    }
  }
};

TEST_F(TextFileTest, ReadsAll) {
  EXPECT_EQ(read_text_file(write("a", "text\n"), 100, ""), "text\n");
  EXPECT_EQ(read_text_file(write("a", ""), 100, ""), "");
}

TEST_F(TextFileTest, RefusesOneThatIsWrittenToWhileItIsRead) {
  const auto file = write("a", std::string(100'000, 'o'));
  const ConfigurationProblem longer =
      problem(file, [&](const struct stat&) { std::ofstream(file, std::ios::app) << "more"; });
  EXPECT_EQ(longer.message,
            file.string() + ": was written to while it was read: move a finished file into its place");
  EXPECT_TRUE(longer.passing);
  EXPECT_NE(problem(file, [&](const struct stat&) { std::filesystem::resize_file(file, 10); }).message, "");
  EXPECT_EQ(problem(file).message, "");
}

TEST_F(TextFileTest, TakesOneThatIsReplacedMeanwhileAsItWas) {
  const auto file = write("a", "old\n");
  const auto finished = write("b", "new and longer\n");
  const std::string text =
      read_text_file(file, 100, "", [&](const struct stat&) { std::filesystem::rename(finished, file); });
  EXPECT_EQ(text, "old\n");
}

TEST_F(TextFileTest, TellsTroubleOfTheMomentFromAWrongFile) {
  const auto file = write("a", "text");
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  const rlimit none{.rlim_cur = 0, .rlim_max = limit.rlim_max};
  setrlimit(RLIMIT_NOFILE, &none);
  const ConfigurationProblem no_descriptor = problem(file);
  setrlimit(RLIMIT_NOFILE, &limit);
  EXPECT_EQ(no_descriptor.message, file.string() + ": cannot be read: Too many open files");
  EXPECT_TRUE(no_descriptor.passing);
  EXPECT_FALSE(problem(folder() / "nowhere").passing);
  EXPECT_FALSE(problem(folder()).passing);
}

TEST_F(TextFileTest, TroubleOfTheMomentIsOneOnlyIfNothingElseIsWrong) {
  EXPECT_TRUE(ConfigurationError({{"/a", "x", true}, {"/b", "x", true}}).passing());
  EXPECT_FALSE(ConfigurationError({{"/a", "x", true}, {"/b", "x", false}}).passing());
  EXPECT_FALSE(ConfigurationError("/a", "x").passing());
}

}  // namespace
}  // namespace couponsync::daemon::test
