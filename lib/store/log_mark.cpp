#include "store/log_mark.h"

#include "store/errors.h"
#include "store/log_index.h"
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
  if (file == nullptr || file->pMethods == nullptr) return false;
  const int code = file->pMethods->xRead(file, header.data(), header.size(), 0);
  if (code == SQLITE_IOERR_SHORT_READ) return false;
  if (code != SQLITE_OK) throw SQLite::Exception("its header could not be read", code);
  return std::string_view(header.data(), header.size()).starts_with(kMagic) &&
         header[kVersionsOffset] == kWithLog && header[kVersionsOffset + 1] == kWithLog;
}

constexpr std::size_t kNumberSize = LogMark::Number().size();
constexpr std::size_t kStateSize = kNumberSize + 8;

/// Without the count, which older versions did not have.
LogMark::State state_from(std::span<const std::byte> bytes) {
  LogMark::State state;
  std::copy_n(bytes.begin(), kNumberSize, state.log.begin());
  for (const std::byte byte : bytes.subspan(kNumberSize))
    state.commit = state.commit << 8U | std::to_integer<std::uint64_t>(byte);
  return state;
}

void append(std::vector<std::byte>& bytes, const LogMark::State& state) {
  bytes.insert(bytes.end(), state.log.begin(), state.log.end());
  for (int shift = 56; shift >= 0; shift -= 8) bytes.push_back(static_cast<std::byte>(state.commit >> shift));
}

std::optional<LogMark> from_bytes(std::span<const std::byte> bytes) {
  for (const std::size_t size : {kNumberSize, kStateSize}) {
    if (bytes.size() != size && bytes.size() != 2 * size) continue;
    LogMark mark{.now = state_from(bytes.first(size)), .before = {}};
    if (bytes.size() > size) mark.before = state_from(bytes.subspan(size));
    return mark;
  }
  return std::nullopt;
}

bool has_frames(const std::filesystem::path& log) { return look_at(log).size > kLogHeaderSize; }

[[noreturn]] void refuse_log(const std::filesystem::path& path, const std::string& what) {
  throw mirror_error(MirrorError::Reason::refused, path, what,
                     "put the file back that the log belongs to, or, to go on without it, move " +
                         log_of(path).string() + " and " + log_index_of(path).string() +
                         " away; nothing was changed");
}

/// Where somebody has the file open, the index tells of frames that nobody will move again. What it says
/// counts only if it stood still meanwhile.
bool is_at_moved_log(SQLite::Database& database, const std::filesystem::path& path) {
  const std::optional<LogIndex> index = read_log_index(database);
  if (!index || index->frames() == 0 || !index->is_moved()) return true;
  const std::optional<LogMark> mark = read_log_mark(database);
  const FileAlone alone = read_file_alone(path);
  return file_is_at(alone, mark) || read_log_index(database) != index;
}

/// Through the log, which may make anything of the file if it is another one's.
bool fits_as_read(SQLite::Database& database, const std::filesystem::path& path) {
  const FileAlone file = read_file_alone(path);
  try {
    return log_fits(file, read_log_mark(database)) && is_at_moved_log(database, path);
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
  std::vector<std::byte> bytes;
  append(bytes, mark.now);
  if (mark.before) append(bytes, *mark.before);
  write_property(database, kProperty, bytes);
}

LogMark next_log_mark(const std::optional<LogMark>& present, bool log_begins_anew) {
  LogMark next = present.value_or(LogMark{});
  ++next.now.commit;
  if (present && !log_begins_anew) return next;
  if (getentropy(next.now.log.data(), next.now.log.size()) != 0)
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
    const int code = error.getErrorCode() & 0xff;
    if (code == SQLITE_NOMEM) throw;
    alone.was_read = code != SQLITE_CANTOPEN && code != SQLITE_IOERR;
    alone.is_damaged = code == SQLITE_CORRUPT || code == SQLITE_NOTADB;
  }
  return alone;
}

bool log_fits(const FileAlone& file, const std::optional<LogMark>& mark) {
  if (!file.was_read) return true;
  if (!file.keeps_a_log) return false;
  if (!file.makes_sense) return true;
  if (!mark) return !file.mark;
  if (!file.mark) return !mark->before;
  const LogMark::State& state = file.mark->now;
  return state == mark->before || (state.log == mark->now.log && state.commit <= mark->now.commit);
}

bool file_is_at(const FileAlone& file, const std::optional<LogMark>& mark) {
  if (!file.was_read || (!file.makes_sense && !file.is_damaged)) return true;
  if (!file.makes_sense || file.mark.has_value() != mark.has_value()) return false;
  return !mark || file.mark->now == mark->now;
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
  if (!fits_as_read(database, path))
    refuse_log(path, "the write-ahead log beside it, " + log_of(path).string() +
                         ", belongs to another file and would damage this one");
}

}  // namespace couponsync
