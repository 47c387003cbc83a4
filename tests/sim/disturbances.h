#pragma once

#include "sim/schedule.h"
#include "store/file_faults.h"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>

namespace SQLite {
class Database;
}

namespace couponsync::sim {

/// What the machine and other programs do to the mirror's files.
class Disturbances {
 public:
  explicit Disturbances(std::map<std::string, std::int64_t>& counts);
  ~Disturbances();
  Disturbances(const Disturbances&) = delete;
  Disturbances& operator=(const Disturbances&) = delete;

  /// A full disk or one that does not work, for a while, or for one call.
  void begin_fault(const Event& event, std::chrono::nanoseconds until);
  bool is_faulty() const { return fault_ != nullptr; }
  /// A connection of another program, with a transaction that it holds.
  void begin_foreign(const Event& event, std::chrono::nanoseconds until, const std::filesystem::path& mirror);
  void release_others();
  void end_due(std::chrono::nanoseconds now);
  void end_all();

  /// Before that write, as it comes next, the files are copied: what a kill leaves.
  void kill_at_write(std::int64_t nth, const std::filesystem::path& from, const std::filesystem::path& image);
  void disarm_kill();
  bool was_killed() const { return is_killed_; }
  std::filesystem::path take_image();

 private:
  void end_fault();

  std::map<std::string, std::int64_t>& counts_;
  std::unique_ptr<FileFault> fault_;
  std::chrono::nanoseconds fault_until_{0};
  std::unique_ptr<FileFault> kill_;
  bool is_killed_ = false;
  std::filesystem::path image_;
  std::unique_ptr<SQLite::Database> other_;
  std::chrono::nanoseconds other_until_{0};
};

std::string content_of(const std::filesystem::path& file);
void write_file(const std::filesystem::path& file, const std::string& content);

}  // namespace couponsync::sim
