#pragma once

#include "command_line.h"

/// The subcommands. Each returns the process's exit code; ConfigurationError and MirrorError go to `main`,
/// which knows their codes.
namespace couponsync::daemon {

int run_service(const RunArguments& arguments);
int run_once(const OnceArguments& arguments);
int run_check(const CheckArguments& arguments);
int print_status(const StatusArguments& arguments);
int reload_service(const ReloadArguments& arguments);
int hint_service(const HintArguments& arguments);
int print_schema();

}  // namespace couponsync::daemon
