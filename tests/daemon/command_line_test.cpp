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

/// What was typed in the wrong place may be an openid, and what is printed ends up in logs.
TEST(CommandLine, AMistakeIsToldWithoutTheArgument) {
  const std::string openid = "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o";
  const std::string with_equals = "--openids=" + openid;
  const std::string with_letter = "-o" + openid;
  for (const std::vector<const char*>& arguments : {std::vector<const char*>{"once", openid.c_str()},
                                                    {"once", "--config", "a.json", openid.c_str()},
                                                    {"once", "--openids", openid.c_str()},
                                                    {"once", with_equals.c_str()},
                                                    {"once", with_letter.c_str()},
                                                    {openid.c_str()},
                                                    {"status", "--max-age", openid.c_str()},
                                                    {"once", "--json", with_equals.c_str() + 9, "o1"}}) {
    std::vector<const char*> argv{"couponsyncd"};
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    testing::internal::CaptureStderr();
    const CommandLine result = parse_command_line(static_cast<int>(argv.size()), argv.data());
    const std::string text = testing::internal::GetCapturedStderr();
    EXPECT_EQ(std::get<NothingToDo>(result).exit_code, 64);
    EXPECT_FALSE(text.empty());
    EXPECT_EQ(text.find(openid.substr(0, 6)), std::string::npos) << text;
  }
  testing::internal::CaptureStderr();
  const char* const argv[] = {"couponsyncd", "once", "--openids", openid.c_str()};
  parse_command_line(4, argv);
  const std::string text = testing::internal::GetCapturedStderr();
  EXPECT_NE(text.find("argument 3 of 28 bytes"), std::string::npos) << text;
  EXPECT_NE(text.find("--openids"), std::string::npos) << text;
}

}  // namespace
}  // namespace couponsync::daemon
