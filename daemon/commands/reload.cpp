#include "commands/commands.h"
#include "exit_code.h"
#include "logging.h"
#include "reload_report.h"
#include "results.h"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

namespace couponsync::daemon {
namespace {

using Clock = std::chrono::steady_clock;

/// Waits for files that are moved into a folder.
class FolderWatch {
 public:
  explicit FolderWatch(const std::filesystem::path& folder)
      : handle_(inotify_init1(IN_CLOEXEC | IN_NONBLOCK)) {
    if (handle_ >= 0) inotify_add_watch(handle_, folder.c_str(), IN_MOVED_TO);
  }
  FolderWatch(const FolderWatch&) = delete;
  FolderWatch& operator=(const FolderWatch&) = delete;
  ~FolderWatch() {
    if (handle_ >= 0) close(handle_);
  }

  /// Returns when something came, and a second later at the latest.
  void wait() const {
    pollfd event{.fd = handle_, .events = POLLIN, .revents = 0};
    poll(&event, handle_ >= 0 ? 1 : 0, 1'000);
    std::array<char, 4'096> ignored{};
    while (handle_ >= 0 && read(handle_, ignored.data(), ignored.size()) > 0) {
    }
  }

 private:
  int handle_;
};

int fail(ExitCode code, const std::string& why) {
  complain(why);
  return code;
}

}  // namespace

int reload_service(const ReloadArguments& arguments) {
  std::filesystem::path folder = arguments.runtime_folder;
  if (folder.empty()) folder = runtime_folder().value_or("");
  if (folder.empty())
    return fail(kExitUsage,
                "give --runtime-directory: the service's folder below /run, such as /run/couponsyncd/BRAND");
  const FolderWatch watch(folder);
  const std::optional<ReloadReport> before = read_reload_report(folder);
  if (!before)
    return fail(kExitUsage, fmt::format("{}: no service has it as its runtime directory; is it running?",
                                        reload_report_file(folder).string()));
  if (kill(before->pid, SIGHUP) != 0)
    return fail(kExitUsage, fmt::format("process {}: {}", before->pid, std::strerror(errno)));

  const Clock::time_point deadline = Clock::now() + arguments.timeout;
  while (Clock::now() < deadline) {
    const std::optional<ReloadReport> now = read_reload_report(folder);
    if (now && is_answer(*now, *before)) {
      if (!now->accepted) return fail(kExitConfiguration, now->message);
      print(fmt::format("couponsyncd: {}\n", now->message));
      return kExitOk;
    }
    watch.wait();
  }
  return fail(kExitIncomplete, fmt::format("process {} did not say within {} s what became of the reload",
                                           before->pid, arguments.timeout.count()));
}

}  // namespace couponsync::daemon
