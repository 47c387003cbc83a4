#include "store/log_index.h"

#include <SQLiteCpp/Database.h>
#include <sqlite3.h>

#include <algorithm>
#include <cstring>

namespace couponsync {
namespace {

// Of the header, in the machine's byte order.
constexpr std::size_t kInitializedOffset = 12;
constexpr std::size_t kPageSizeOffset = 14;
constexpr std::size_t kFramesOffset = 16;
constexpr std::size_t kChecksumOffset = 24;
constexpr std::size_t kSaltsOffset = 32;
// Behind both copies of the header.
constexpr std::size_t kMovedOffset = 96;
constexpr int kRegionSize = 32'768;
// Of the log.
constexpr std::uintmax_t kLogHeaderSize = 32;
constexpr std::uintmax_t kFrameHeaderSize = 24;
constexpr std::size_t kFrameSaltsOffset = 8;

using Header = std::array<std::byte, LogIndex::kHeaderSize>;

template <class T>
T at(const Header& header, std::size_t offset) {
  T value{};
  std::memcpy(&value, &header[offset], sizeof value);
  return value;
}

template <std::size_t kSize>
std::array<std::byte, kSize> copy_of(const volatile std::byte* shared) {
  std::array<std::byte, kSize> copy{};
  for (std::size_t i = 0; i < kSize; ++i) copy[i] = shared[i];
  return copy;
}

sqlite3_file* file_of(SQLite::Database& database, int which) {
  sqlite3_file* file = nullptr;
  sqlite3_file_control(database.getHandle(), "main", which, &file);
  return file == nullptr || file->pMethods == nullptr ? nullptr : file;
}

/// As a frame has it.
std::array<std::byte, 4> big_endian(std::uint32_t value) {
  std::array<std::byte, 4> bytes{};
  for (std::size_t i = 0; i < 4; ++i) bytes[i] = static_cast<std::byte>(value >> (24 - 8 * i));
  return bytes;
}

}  // namespace

std::uint32_t LogIndex::frames() const { return at<std::uint32_t>(header_, kFramesOffset); }

LogIndex::Salts LogIndex::salts() const { return at<Salts>(header_, kSaltsOffset); }

std::uintmax_t LogIndex::frame_size() const {
  const auto page_size = at<std::uint16_t>(header_, kPageSizeOffset);
  return kFrameHeaderSize + (page_size == 1 ? 65'536U : page_size);
}

std::uintmax_t LogIndex::least_log_size() const {
  return frames() == 0 ? 0 : kLogHeaderSize + frames() * frame_size();
}

std::optional<LogIndex> read_log_index(SQLite::Database& database) {
  sqlite3_file* file = file_of(database, SQLITE_FCNTL_FILE_POINTER);
  if (file == nullptr || file->pMethods->iVersion < 2) return std::nullopt;
  void volatile* region = nullptr;
  if (file->pMethods->xShmMap(file, 0, kRegionSize, 0, &region) != SQLITE_OK || region == nullptr)
    return std::nullopt;
  // Who writes it writes the second copy first, so that two that are equal are whole.
  const auto* shared = static_cast<const volatile std::byte*>(region);
  const Header first = copy_of<LogIndex::kHeaderSize>(shared);
  const auto moved = copy_of<sizeof(std::uint32_t)>(shared + kMovedOffset);
  const Header second = copy_of<LogIndex::kHeaderSize>(shared + LogIndex::kHeaderSize);
  if (first != second || first[kInitializedOffset] == std::byte{0}) return std::nullopt;
  std::uint32_t frames_moved = 0;
  std::memcpy(&frames_moved, moved.data(), sizeof frames_moved);
  return LogIndex(first, frames_moved);
}

bool log_has_last_frame(SQLite::Database& database, const LogIndex& index) {
  sqlite3_file* log = file_of(database, SQLITE_FCNTL_JOURNAL_POINTER);
  if (log == nullptr || index.frames() == 0) return true;
  std::array<std::byte, kFrameHeaderSize> found{};
  const auto offset = static_cast<sqlite3_int64>(index.least_log_size() - index.frame_size());
  if (log->pMethods->xRead(log, found.data(), static_cast<int>(found.size()), offset) != SQLITE_OK)
    return true;
  std::array<std::byte, 16> expected{};
  const LogIndex::Salts salts = index.salts();
  std::ranges::copy(salts, expected.begin());
  for (std::size_t i = 0; i < 2; ++i)
    std::ranges::copy(big_endian(at<std::uint32_t>(index.header_, kChecksumOffset + 4 * i)),
                      expected.begin() + static_cast<std::ptrdiff_t>(salts.size() + 4 * i));
  return std::equal(expected.begin(), expected.end(), found.begin() + kFrameSaltsOffset);
}

}  // namespace couponsync
