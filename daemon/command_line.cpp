#include "command_line.h"

#include "configuration/duration.h"
#include "exit_code.h"
#include "results.h"
#include "standard_streams.h"
#include "version.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <chrono>
#include <functional>
#include <sstream>
#include <string>
#include <string_view>
#include <unistd.h>
#include <utility>
#include <vector>

namespace couponsync::daemon {
namespace {

constexpr const char* kDefaultConfig = "/etc/couponsyncd/couponsyncd.json";

CLI::App* add_command(CLI::App& app, const std::string& name, const std::string& description,
                      std::filesystem::path& config) {
  CLI::App* command = app.add_subcommand(name, description);
  command->add_option("--config", config, "Configuration file")->capture_default_str()->type_name("FILE");
  return command;
}

CLI::App* add_status(CLI::App& app, std::filesystem::path& config, StatusArguments& arguments) {
  CLI::App* status =
      add_command(app, "status", "Tells how fresh the mirror is and what fails, from the file alone", config);
  status->add_option("--mirror", arguments.mirror, "The mirror itself, without a configuration")
      ->type_name("FILE")
      ->check([](const std::string& text) { return text.empty() ? "is empty" : ""; })
      ->excludes("--config");
  status
      ->add_option_function<std::string>(
          "--max-age",
          [&arguments](const std::string& text) {
            arguments.max_age = parse_duration(text);
            if (!arguments.max_age)
              throw CLI::ValidationError("--max-age",
                                         "not a duration such as 45m: a whole number with ms, s, m, h or d");
          },
          "How long ago each listing may have been complete last; default three times sync.interval")
      ->type_name("DURATION");
  status->add_flag("--json", arguments.json, "Print one JSON object");
  status->footer(
      "Exit codes: 0 every watched listing was complete within --max-age and none is failing; 1 one is "
      "stale,\n"
      "failing or was never complete, or there is no mirror yet; 65 the mirror is not ours or damaged.");
  return status;
}

const CLI::App* add_reload(CLI::App& app, ReloadArguments& arguments) {
  CLI::App* reload = app.add_subcommand(
      "reload", "Has a service that systemd runs read its configuration again, and says what became of it");
  reload
      ->add_option("--runtime-directory", arguments.runtime_folder,
                   "The service's folder below /run; default $RUNTIME_DIRECTORY")
      ->type_name("FOLDER");
  reload->footer(
      "Exit codes: 0 the configuration is in force; 64 there is no such service; 75 it did not answer within "
      "a\n"
      "minute; 78 the configuration was refused, and the old one stays in force.");
  return reload;
}

const CLI::App* add_hint(CLI::App& app, std::filesystem::path& config, HintArguments& arguments) {
  CLI::App* hint = add_command(
      app, "hint", "Has the running service read these users next, because their coupons changed", config);
  hint->add_option("openids", arguments.openids, "Users of the watchlist")->type_name("OPENID");
  hint->add_option("--file", arguments.file, "More of them, one a line")->type_name("FILE");
  hint->footer(
      "The service takes hints at http.listen. Exit codes: 0 all of them are read next; 64 some are on no\n"
      "watchlist, and the others are read next; 75 the service does not answer; 78 configuration.");
  return hint;
}

/// A word of this program's command line, and no value: "once", "--openids".
bool is_word(std::string_view text) {
  constexpr std::size_t kLongest = 20;
  const std::string_view name = text.starts_with("--") ? text.substr(2) : text;
  return name.size() > 1 && name.size() <= kLongest &&
         std::ranges::all_of(name, [](char c) { return (c >= 'a' && c <= 'z') || c == '-'; });
}

/// An argument in the wrong place may be an openid or a key: it is told by its place and length. Of
/// "--name=value" the name is told.
std::string without_arguments(std::string text, int argc, const char* const* argv) {
  std::vector<std::pair<std::string, std::string>> hidden;  // what, and what stands for it
  const auto hide = [&hidden](std::string_view what, const std::string& name) {
    if (what.empty() || is_word(what)) return;
    hidden.emplace_back(what, name + " of " + std::to_string(what.size()) + " bytes");
  };
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument(argv[i]);
    const std::size_t equals = argument.find('=');
    const std::string name = "argument " + std::to_string(i);
    if (argument.starts_with("--") && equals != std::string_view::npos && is_word(argument.substr(0, equals)))
      hide(argument.substr(equals + 1), "a value");
    else
      hide(argument, name);
    // Of "-oVALUE", CLI11 may speak of the value alone.
    if (argument.starts_with('-') && !argument.starts_with("--") && argument.size() > 2)
      hide(argument.substr(2), "a value");
  }
  std::ranges::stable_sort(hidden, std::greater(), [](const auto& pair) { return pair.first.size(); });
  for (const auto& [what, name] : hidden)
    for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + name.size()))
      text.replace(at, what.size(), name);
  return text;
}

}  // namespace

CommandLine parse_command_line(int argc, const char* const* argv) {
  CLI::App app("Mirrors the WeChat Pay product coupons of a brand's users into a SQLite file.",
               "couponsyncd");
  app.set_version_flag("--version", "couponsyncd " COUPONSYNCD_VERSION);
  app.require_subcommand(1);
  app.footer(
      "Exit codes: 0 all read; 64 usage; 65 the mirror is not ours, is newer than this program, or is "
      "damaged;\n"
      "74 the mirror or the output cannot be written; 75 some listings could not be completed; 77 the API\n"
      "refused the credentials; 78 configuration.");

  std::filesystem::path config = kDefaultConfig;
  const CLI::App* run =
      add_command(app, "run", "The service, in the foreground; SIGHUP reloads and syncs", config);

  OnceArguments once_arguments;
  CLI::App* once =
      add_command(app, "once", "Reads every listing to its end once and prints a summary", config);
  once->add_option("--openid", once_arguments.openids, "Only this user of the watchlist (may be repeated)")
      ->type_name("OPENID")
      ->take_all();
  once->add_flag("--json", once_arguments.json, "Print the summary as one JSON object");

  CheckArguments check_arguments;
  CLI::App* check = add_command(app, "check", "Validates configuration, keys, watchlist and mirror", config);
  check->add_flag("--online", check_arguments.online, "Also make one signed request to each domain");

  StatusArguments status_arguments;
  const CLI::App* status = add_status(app, config, status_arguments);

  ReloadArguments reload_arguments;
  const CLI::App* reload = add_reload(app, reload_arguments);

  HintArguments hint_arguments;
  const CLI::App* hint = add_hint(app, config, hint_arguments);

  const CLI::App* schema = app.add_subcommand("schema", "Prints the mirror's DDL");

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    std::ostringstream out;
    std::ostringstream err;
    const int code = app.exit(error, out, err);
    print(out.str());
    write_to(STDERR_FILENO, without_arguments(err.str(), argc, argv), std::chrono::seconds(1));
    return NothingToDo{code == 0 ? kExitOk : kExitUsage};
  }

  if (run->parsed()) return RunArguments{config};
  if (reload->parsed()) return reload_arguments;
  if (hint->parsed()) {
    hint_arguments.config = config;
    return hint_arguments;
  }
  if (schema->parsed()) return SchemaArguments{};
  if (status->parsed()) {
    status_arguments.config = config;
    return status_arguments;
  }
  if (check->parsed()) {
    check_arguments.config = config;
    return check_arguments;
  }
  once_arguments.config = config;
  return once_arguments;
}

}  // namespace couponsync::daemon
