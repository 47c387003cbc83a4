#include "store/log_index.h"

#include <SQLiteCpp/Database.h>
#include <sqlite3.h>

#include <cstring>

namespace couponsync {
namespace {

// Of the header, in the machine's byte order.
constexpr std::size_t kInitializedOffset = 12;
constexpr std::size_t kPageSizeOffset = 14;
constexpr std::size_t kFramesOffset = 16;
constexpr int kRegionSize = 32'768;
// Of the log.
constexpr std::uintmax_t kLogHeaderSize = 32;
constexpr std::uintmax_t kFrameHeaderSize = 24;

}  // namespace

std::uintmax_t LogIndex::least_log_size() const {
  std::uint16_t page_size = 0;
  std::uint32_t frames = 0;
  std::memcpy(&page_size, &header_[kPageSizeOffset], sizeof page_size);
  std::memcpy(&frames, &header_[kFramesOffset], sizeof frames);
  if (frames == 0) return 0;
  const std::uintmax_t bytes = page_size == 1 ? 65'536U : page_size;
  return kLogHeaderSize + frames * (kFrameHeaderSize + bytes);
}

std::optional<LogIndex> read_log_index(SQLite::Database& database) {
  sqlite3_file* file = nullptr;
  sqlite3_file_control(database.getHandle(), "main", SQLITE_FCNTL_FILE_POINTER, &file);
  if (file == nullptr || file->pMethods == nullptr || file->pMethods->iVersion < 2) return std::nullopt;
  void volatile* region = nullptr;
  if (file->pMethods->xShmMap(file, 0, kRegionSize, 0, &region) != SQLITE_OK || region == nullptr)
    return std::nullopt;
  // Who writes it writes the second copy first, so that two that are equal are whole.
  std::array<std::array<std::byte, LogIndex::kHeaderSize>, 2> copies{};
  const auto* shared = static_cast<const volatile std::byte*>(region);
  for (std::size_t i = 0; i < copies.size(); ++i)
    for (std::size_t k = 0; k < LogIndex::kHeaderSize; ++k)
      copies[i][k] = shared[i * LogIndex::kHeaderSize + k];
  if (copies[0] != copies[1] || copies[0][kInitializedOffset] == std::byte{0}) return std::nullopt;
  return LogIndex(copies[0]);
}

}  // namespace couponsync
