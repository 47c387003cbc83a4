#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <sys/types.h>

namespace couponsync::daemon {

/// What became of the service's last reload, for `couponsyncd reload`, which waits for it: a small file in
/// the folder that systemd makes for the service (RuntimeDirectory=, $RUNTIME_DIRECTORY), removed with it.
struct ReloadReport {
  pid_t pid = 0;             ///< of the service
  std::int64_t begun = 0;    ///< how many there were, with the one under way
  std::int64_t reloads = 0;  ///< of them have ended
  bool accepted = true;      ///< the last one
  std::string message;       ///< what changed, or why it was refused
};

/// Whether the report is about a reload that began after `before` was read: it has read the files as they
/// were then, or are by now.
bool is_answer(const ReloadReport& report, const ReloadReport& before);

/// Keeps the report of this process, if there is a folder for it.
class ReloadReporter {
 public:
  /// Reports that there was no reload yet. A folder that cannot be written to costs the service nothing but
  /// that `couponsyncd reload` does not find it: see `problem`.
  explicit ReloadReporter(std::optional<std::filesystem::path> folder);
  ReloadReporter(const ReloadReporter&) = delete;
  ReloadReporter& operator=(const ReloadReporter&) = delete;
  /// Takes the report away: there is no service to reload any more.
  ~ReloadReporter();

  /// Reports that one begins. Throws std::system_error.
  void began();
  /// Reports how it ended. Throws std::system_error.
  void reloaded(bool accepted, std::string message);
  /// Why there is no report; empty: there is one, or none is wanted.
  const std::string& problem() const { return problem_; }

 private:
  void write() const;

  std::optional<std::filesystem::path> folder_;
  ReloadReport report_;
  std::string problem_;
};

/// $RUNTIME_DIRECTORY, the first of it (systemd.exec(5)); absent where the service was not started by systemd
/// with one.
std::optional<std::filesystem::path> runtime_folder();
std::filesystem::path reload_report_file(const std::filesystem::path& folder);

/// Replaces the file as a whole. Throws std::system_error.
void write_reload_report(const std::filesystem::path& folder, const ReloadReport& report);
/// Nothing if there is no such file, or it is none of ours.
std::optional<ReloadReport> read_reload_report(const std::filesystem::path& folder);

}  // namespace couponsync::daemon
