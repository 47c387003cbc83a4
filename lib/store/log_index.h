#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace SQLite {
class Database;
}

/// Inside the store: what SQLite's users of one file tell each other of its write-ahead log, read where
/// SQLite has it in memory, so that no file is opened for it.
namespace couponsync {

/// https://www.sqlite.org/walformat.html, "The WAL-Index File Format": its header as it is.
class LogIndex {
 public:
  static constexpr std::size_t kHeaderSize = 48;

  explicit LogIndex(const std::array<std::byte, kHeaderSize>& header) : header_(header) {}

  /// How long the log must be at least to hold the frames that there are.
  std::uintmax_t least_log_size() const;
  bool operator==(const LogIndex&) const = default;

 private:
  std::array<std::byte, kHeaderSize> header_;
};

/// None while it is being written, or if the database has no log. On the connection's thread.
std::optional<LogIndex> read_log_index(SQLite::Database& database);

}  // namespace couponsync
