#include "base/system_env.h"
#include "commands/commands.h"
#include "configuration/configuration.h"
#include "exit_code.h"
#include "logging.h"
#include "results.h"
#include "status_report.h"
#include "store/mirror_reader.h"

#include <fmt/format.h>

#include <utility>

namespace couponsync::daemon {
namespace {

/// What a mirror that is read without its configuration is measured against.
constexpr std::chrono::minutes kDefaultInterval{15};

}  // namespace

int print_status(const StatusArguments& arguments) {
  std::filesystem::path mirror;
  std::chrono::seconds max_age = stale_after(kDefaultInterval);
  if (!arguments.mirror.empty()) {
    // SQLite reads a name such as ":memory:" or "file:m.db?mode=rwc" in its own way, an absolute path in
    // none.
    mirror = std::filesystem::absolute(arguments.mirror);
  } else {
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
  print(arguments.json ? report.json() + "\n" : report.text());
  return report.problems().empty() ? kExitOk : kExitUnhealthy;
}

}  // namespace couponsync::daemon
