#include "base/system_env.h"
#include "commands/commands.h"
#include "configuration/configuration.h"
#include "exit_code.h"
#include "status_report.h"

#include <fmt/format.h>

#include <iostream>
#include <utility>

namespace couponsync::daemon {
namespace {

/// What a mirror that is read without its configuration is measured against.
constexpr std::chrono::minutes kDefaultInterval{15};
constexpr int kIntervals = 3;

std::chrono::seconds to_seconds(std::chrono::milliseconds duration) {
  return std::chrono::ceil<std::chrono::seconds>(duration);
}

}  // namespace

int print_status(const StatusArguments& arguments) {
  std::filesystem::path mirror = arguments.mirror;
  std::chrono::milliseconds max_age = kIntervals * kDefaultInterval;
  if (mirror.empty()) {
    const Configuration configuration = load_configuration(arguments.config);
    mirror = configuration.mirror.path;
    max_age = kIntervals * configuration.sync.interval;
  }
  std::optional<MirrorStatus> status = read_mirror_status(mirror);
  if (!status) {
    std::cerr << fmt::format("couponsyncd: mirror {}: not there yet; `couponsyncd run` or `once` makes it\n",
                             mirror.string());
    return kExitUnhealthy;
  }
  const StatusReport report{.status = std::move(*status),
                            .now = to_unix_seconds(SystemEnv().wall_now()),
                            .max_age = to_seconds(arguments.max_age.value_or(max_age))};
  std::cout << (arguments.json ? report.json() + "\n" : report.text()) << std::flush;
  return report.problems().empty() ? kExitOk : kExitUnhealthy;
}

}  // namespace couponsync::daemon
