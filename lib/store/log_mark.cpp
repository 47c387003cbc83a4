#include "store/log_mark.h"

#include "store/errors.h"
#include "store/mirror_file.h"
#include "store/mirror_property.h"

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Exception.h>
#include <sqlite3.h>

#include <algorithm>
#include <cctype>
#include <span>
#include <stdexcept>
#include <string>
#include <unistd.h>
#include <vector>

namespace couponsync {
namespace {

const std::string kProperty = "log_mark";
/// https://www.sqlite.org/fileformat2.html#walformat: a log without a frame has its header at most.
constexpr std::uintmax_t kLogHeaderSize = 32;
/// https://www.sqlite.org/fileformat.html, "The Database Header".
constexpr std::string_view kMagic{"SQLite format 3\0", 16};
/// "File format version numbers": both are this where there is a log.
constexpr std::size_t kVersionsOffset = 18;
constexpr char kWithLog = 2;

/// A file: URI, which alone can say that the log is to be ignored.
std::string uri_of(const std::filesystem::path& path) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string uri = "file:";
  for (const char c : path.string()) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0 || c == '/' || c == '.' || c == '-' || c == '_')
      uri += c;
    else
      uri = uri + '%' + kHex[byte >> 4U] + kHex[byte & 15U];
  }
  return uri + "?immutable=1";
}

bool header_says_log(SQLite::Database& database) {
  sqlite3_file* file = nullptr;
  sqlite3_file_control(database.getHandle(), "main", SQLITE_FCNTL_FILE_POINTER, &file);
  std::array<char, 20> header{};
  if (file == nullptr || file->pMethods == nullptr ||
      file->pMethods->xRead(file, header.data(), header.size(), 0) != SQLITE_OK)
    return false;
  return std::string_view(header.data(), header.size()).starts_with(kMagic) &&
         header[kVersionsOffset] == kWithLog && header[kVersionsOffset + 1] == kWithLog;
}

std::optional<LogMark> from_bytes(std::span<const std::byte> bytes) {
  constexpr std::size_t kSize = LogMark::Number().size();
  if (bytes.size() != kSize && bytes.size() != 2 * kSize) return std::nullopt;
  LogMark mark;
  std::copy_n(bytes.begin(), kSize, mark.now.begin());
  if (bytes.size() == kSize) return mark;
  std::copy_n(bytes.begin() + kSize, kSize, mark.before.emplace().begin());
  return mark;
}

bool has_frames(const std::filesystem::path& log) { return look_at(log).size > kLogHeaderSize; }

[[noreturn]] void refuse_log(const std::filesystem::path& path, const std::string& what) {
  throw mirror_error(MirrorError::Reason::refused, path, what,
                     "put the file back that the log belongs to, or, to go on without it, move " +
                         log_of(path).string() + " and " + log_index_of(path).string() +
                         " away; nothing was changed");
}

/// Through the log, which may make anything of the file if it is another one's.
bool fits_as_read(SQLite::Database& database, const FileAlone& file) {
  try {
    return log_fits(file, read_log_mark(database));
  } catch (const SQLite::Exception& error) {
    const int code = error.getErrorCode() & 0xff;
    if (code == SQLITE_CORRUPT || code == SQLITE_NOTADB || code == SQLITE_ERROR) return false;
    throw;
  }
}

}  // namespace

std::optional<LogMark> read_log_mark(SQLite::Database& database) {
  const std::optional<std::vector<std::byte>> bytes = read_property(database, kProperty);
  return bytes ? from_bytes(*bytes) : std::nullopt;
}

void write_log_mark(SQLite::Database& database, const LogMark& mark) {
  std::vector<std::byte> bytes(mark.now.begin(), mark.now.end());
  if (mark.before) bytes.insert(bytes.end(), mark.before->begin(), mark.before->end());
  write_property(database, kProperty, bytes);
}

LogMark next_log_mark(const std::optional<LogMark>& present) {
  LogMark next;
  if (getentropy(next.now.data(), next.now.size()) != 0)
    throw std::runtime_error("the kernel gave no random bytes for the mirror's log mark");
  if (present) next.before = present->now;
  return next;
}

FileAlone read_file_alone(const std::filesystem::path& path) {
  FileAlone alone;
  try {
    SQLite::Database database(uri_of(path), SQLITE_OPEN_READONLY | SQLITE_OPEN_URI);
    alone.keeps_a_log = header_says_log(database);
    if (alone.keeps_a_log) alone.mark = read_log_mark(database);
    alone.makes_sense = true;
  } catch (const SQLite::Exception& error) {
    // In the midst of a checkpoint, or damaged: a mark cannot be known.
    alone.was_opened = (error.getErrorCode() & 0xff) != SQLITE_CANTOPEN;
  }
  return alone;
}

bool log_fits(const FileAlone& file, const std::optional<LogMark>& mark) {
  if (!file.was_opened) return true;
  if (!file.keeps_a_log) return false;
  if (!file.makes_sense) return true;
  if (!mark) return !file.mark;
  if (!file.mark) return !mark->before;
  return file.mark->now == mark->now || file.mark->now == mark->before;
}

void require_file_of_log(const std::filesystem::path& path) {
  const FileAtPath file = look_at(path);
  if (file.presence == FileAtPath::Presence::unknown || file.size > 0 || !has_frames(log_of(path))) return;
  refuse_log(path, "it is " +
                       std::string(file.presence == FileAtPath::Presence::gone ? "not there" : "empty") +
                       ", but the write-ahead log " + log_of(path).string() + " of another file is");
}

void require_own_log(SQLite::Database& database, const std::filesystem::path& path) {
  require_file_of_log(path);
  if (!has_frames(log_of(path))) return;
  if (!fits_as_read(database, read_file_alone(path)))
    refuse_log(path, "the write-ahead log beside it, " + log_of(path).string() +
                         ", belongs to another file and would damage this one");
}

}  // namespace couponsync
