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

/// https://www.sqlite.org/walformat.html, "The WAL-Index File Format": its header as it is, and how many
/// frames are in the file.
class LogIndex {
 public:
  static constexpr std::size_t kHeaderSize = 48;
  using Salts = std::array<std::byte, 8>;

  LogIndex(const std::array<std::byte, kHeaderSize>& header, std::uint32_t moved)
      : header_(header), moved_(moved) {}

  std::uint32_t frames() const;
  /// Random, and others each time the log begins anew.
  Salts salts() const;
  /// Every frame has been moved into the file: who writes next may begin the log anew.
  bool is_moved() const { return moved_ >= frames(); }
  /// How long the log must be at least to hold the frames that there are.
  std::uintmax_t least_log_size() const;
  bool operator==(const LogIndex& other) const { return header_ == other.header_; }

 private:
  friend bool log_has_last_frame(SQLite::Database& database, const LogIndex& index);
  std::uintmax_t frame_size() const;

  std::array<std::byte, kHeaderSize> header_;
  std::uint32_t moved_;
};

/// None while it is being written, or if the database has no log. On the connection's thread.
std::optional<LogIndex> read_log_index(SQLite::Database& database);

/// Whether the log ends with the frame that the index ends with: its checksum covers all frames before it.
/// Read through SQLite's own descriptor. True where it cannot be read.
bool log_has_last_frame(SQLite::Database& database, const LogIndex& index);

}  // namespace couponsync
