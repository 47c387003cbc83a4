#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace couponsync::daemon {

struct RunArguments {
  std::filesystem::path config;
};

struct OnceArguments {
  std::filesystem::path config;
  std::vector<std::string> openids;  ///< empty: every listing
  bool json = false;
};

struct CheckArguments {
  std::filesystem::path config;
  bool online = false;
};

struct StatusArguments {
  std::filesystem::path config;
  std::filesystem::path mirror;  ///< empty: the configuration's
  /// How long ago a listing may have been complete; absent: three times the configuration's sync.interval.
  std::optional<std::chrono::milliseconds> max_age;
  bool json = false;
};

struct ReloadArguments {
  std::filesystem::path runtime_folder;  ///< empty: $RUNTIME_DIRECTORY
  std::chrono::seconds timeout{60};
};

struct HintArguments {
  std::filesystem::path config;
  std::vector<std::string> openids;
  std::filesystem::path file;  ///< with more of them; empty: none
};

struct SchemaArguments {};

/// --help and --version have been printed, or the arguments were wrong and that has been said.
struct NothingToDo {
  int exit_code = 0;
};

using CommandLine = std::variant<RunArguments, OnceArguments, CheckArguments, StatusArguments,
                                 ReloadArguments, HintArguments, SchemaArguments, NothingToDo>;

/// Reads the arguments. Prints help and the version to stdout, errors to stderr.
CommandLine parse_command_line(int argc, const char* const* argv);

}  // namespace couponsync::daemon
