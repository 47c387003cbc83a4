#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <sys/types.h>
#include <vector>

namespace couponsync::test {

struct ProcessResult {
  int exit_code = -1;  ///< or -signal
  std::string out;
  std::string err;
};

/// A child process; its output goes to files, so that it never blocks; its signals are as by default. Killed
/// and reaped at the end at the latest.
class Process {
 public:
  /// Starts `arguments[0]`. `environment` ("NAME=value") is added to this process's own.
  Process(const std::vector<std::string>& arguments, const std::filesystem::path& output_folder,
          const std::vector<std::string>& environment = {});
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  ~Process();

  void signal(int number) const;
  bool running();
  /// Waits for the end; kills the process and throws std::runtime_error with its output if it takes longer.
  ProcessResult wait(std::chrono::seconds at_most = std::chrono::seconds(120));

  std::string out() const;
  std::string err() const;
  /// Waits until stderr contains `text`; throws as `wait` does, or if the process ended without it.
  void wait_for_err(const std::string& text, std::chrono::seconds at_most = std::chrono::seconds(60));
  /// Waits for the first line on stdout.
  std::string first_line(std::chrono::seconds at_most = std::chrono::seconds(60));

  /// Waits until the program has a handler for the signal: before that its loader still runs.
  void wait_until_handles(int number, std::chrono::seconds at_most = std::chrono::seconds(60));

  pid_t pid() const { return pid_; }

 private:
  bool reap(int flags);
  /// Waits for more output or the end, until `deadline`; throws if that is past.
  void await_change(std::chrono::steady_clock::time_point deadline);

  pid_t pid_ = -1;
  int exit_handle_ = -1;   ///< pidfd, readable when the process has ended
  int change_watch_ = -1;  ///< inotify on the output files
  bool reaped_ = false;
  int status_ = 0;
  std::filesystem::path out_;
  std::filesystem::path err_;
};

/// Runs to the end.
ProcessResult run_process(const std::vector<std::string>& arguments,
                          const std::filesystem::path& output_folder,
                          const std::vector<std::string>& environment = {});

}  // namespace couponsync::test
