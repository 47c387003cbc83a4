#include "base/system_env.h"
#include "commands/commands.h"
#include "configuration/configuration.h"
#include "exit_code.h"
#include "logging.h"
#include "status_report.h"

#include <fmt/format.h>

#include <iostream>
#include <utility>

namespace couponsync::daemon {
namespace {

/// What a mirror that is read without its configuration is measured against.
constexpr std::chrono::minutes kDefaultInterval{15};

}  // namespace

int print_status(const StatusArguments& arguments) {
  std::filesystem::path mirror = arguments.mirror;
  std::chrono::seconds max_age = stale_after(kDefaultInterval);
  if (mirror.empty()) {
    const Configuration configuration = load_configuration(arguments.config);
    mirror = configuration.mirror.path;
    max_age = stale_after(configuration.sync.interval);
  }
  std::optional<MirrorStatus> status = read_mirror_status(mirror);
  if (!status) {
    complain(fmt::format("mirror {}: not there yet; `couponsyncd run` or `once` makes it", mirror.string()));
    return kExitUnhealthy;
  }
  if (arguments.max_age) max_age = std::chrono::ceil<std::chrono::seconds>(*arguments.max_age);
  const StatusReport report{
      .status = std::move(*status), .now = to_unix_seconds(SystemEnv().wall_now()), .max_age = max_age};
  std::cout << (arguments.json ? report.json() + "\n" : report.text()) << std::flush;
  return report.problems().empty() ? kExitOk : kExitUnhealthy;
}

}  // namespace couponsync::daemon
