#include "command_line.h"
#include "commands/commands.h"
#include "configuration/configuration.h"
#include "exit_code.h"
#include "logging.h"
#include "results.h"
#include "signals.h"
#include "standard_streams.h"
#include "store/mirror_error.h"

#include <exception>
#include <string>
#include <sys/prctl.h>
#include <type_traits>
#include <unistd.h>
#include <variant>

namespace couponsync::daemon {
namespace {

int dispatch(const CommandLine& command_line) {
  return std::visit(
      [](const auto& arguments) {
        using Arguments = std::decay_t<decltype(arguments)>;
        if constexpr (std::is_same_v<Arguments, RunArguments>) {
          hold_hang_ups();
          end_at_once_with(kExitOk);
          return run_service(arguments);
        } else if constexpr (std::is_same_v<Arguments, OnceArguments>) {
          end_at_once_with(kExitIncomplete);
          return run_once(arguments);
        } else if constexpr (std::is_same_v<Arguments, CheckArguments>)
          return run_check(arguments);
        else if constexpr (std::is_same_v<Arguments, StatusArguments>)
          return print_status(arguments);
        else if constexpr (std::is_same_v<Arguments, ReloadArguments>)
          return reload_service(arguments);
        else if constexpr (std::is_same_v<Arguments, HintArguments>)
          return hint_service(arguments);
        else if constexpr (std::is_same_v<Arguments, SchemaArguments>)
          return print_schema();
        else
          return arguments.exit_code;
      },
      command_line);
}

int exit_code_of(MirrorError::Reason reason) {
  switch (reason) {
    case MirrorError::Reason::in_use:
      return kExitIncomplete;
    case MirrorError::Reason::refused:
      return kExitMirrorRefused;
    case MirrorError::Reason::unwritable:
    case MirrorError::Reason::gone:
    case MirrorError::Reason::out_of_descriptors:
      return kExitMirrorUnwritable;
  }
  return kExitMirrorRefused;
}

int run(int argc, const char* const* argv) {
  // The private key is in this process's memory: no core dumps, no ptrace by others.
  prctl(PR_SET_DUMPABLE, 0);
  try {
    return dispatch(parse_command_line(argc, argv));
  } catch (const ConfigurationError& error) {
    complain(std::string("configuration:\n") + error.what());
    return error.passing() ? kExitIncomplete : kExitConfiguration;
  } catch (const MirrorError& error) {
    complain(error.what());
    return exit_code_of(error.reason());
  } catch (const std::exception& error) {
    complain(std::string("this should not happen, please report it: ") + error.what());
    return kExitDefect;
  }
}

}  // namespace
}  // namespace couponsync::daemon

int main(int argc, char** argv) {
  using namespace couponsync::daemon;
  if (!occupy_standard_streams()) return kExitOutputUnwritable;
  take_over_signals();
  return finish_results(run(argc, argv));
}
