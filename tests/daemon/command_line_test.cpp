#include "command_line.h"

#include <gtest/gtest.h>

#include <vector>

namespace couponsync::daemon {
namespace {

CommandLine parse(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "couponsyncd");
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  CommandLine result = parse_command_line(static_cast<int>(arguments.size()), arguments.data());
  testing::internal::GetCapturedStdout();
  testing::internal::GetCapturedStderr();
  return result;
}

TEST(CommandLine, HasADefaultConfiguration) {
  EXPECT_EQ(std::get<RunArguments>(parse({"run"})).config, "/etc/couponsyncd/couponsyncd.json");
  EXPECT_EQ(std::get<CheckArguments>(parse({"check", "--config", "a.json"})).config, "a.json");
}

TEST(CommandLine, TakesOpenidsOneByOne) {
  const auto arguments =
      std::get<OnceArguments>(parse({"once", "--openid", "o1", "--openid", "o2", "--json"}));
  EXPECT_EQ(arguments.openids, (std::vector<std::string>{"o1", "o2"}));
  EXPECT_TRUE(arguments.json);
}

TEST(CommandLine, StatusTakesAMirrorOrAConfiguration) {
  const auto of_mirror =
      std::get<StatusArguments>(parse({"status", "--mirror", "m.db", "--max-age", "2h", "--json"}));
  EXPECT_EQ(of_mirror.mirror, "m.db");
  EXPECT_EQ(of_mirror.max_age, std::chrono::hours(2));
  EXPECT_TRUE(of_mirror.json);
  const auto of_configuration = std::get<StatusArguments>(parse({"status"}));
  EXPECT_TRUE(of_configuration.mirror.empty());
  EXPECT_FALSE(of_configuration.max_age.has_value());
}

TEST(CommandLine, HelpAndVersionAreNoErrors) {
  for (const char* flag : {"--help", "--version"})
    EXPECT_EQ(std::get<NothingToDo>(parse({flag})).exit_code, 0) << flag;
  for (const char* command : {"run", "once", "check", "status", "schema"})
    EXPECT_EQ(std::get<NothingToDo>(parse({command, "--help"})).exit_code, 0) << command;
}

TEST(CommandLine, MistakesAreUsageErrors) {
  for (const std::vector<const char*>& arguments : {std::vector<const char*>{},
                                                    {"nonsense"},
                                                    {"run", "--nonsense"},
                                                    {"run", "--config"},
                                                    {"status", "--max-age", "45"},
                                                    {"status", "--mirror", "m.db", "--config", "c.json"},
                                                    {"status", "--mirror", ""},
                                                    {"once", "check"}})
    EXPECT_EQ(std::get<NothingToDo>(parse(arguments)).exit_code, 64);
}

}  // namespace
}  // namespace couponsync::daemon
