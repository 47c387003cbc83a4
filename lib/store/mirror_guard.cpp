#include "store/mirror_guard.h"

#include "store/errors.h"
#include "store/log_index.h"

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Exception.h>
#include <sqlite3.h>

#include <algorithm>
#include <string>
#include <unistd.h>

namespace couponsync {
namespace {

/// Another program may move the log into the file at any time, or copy another file over it; the file alone
/// makes no sense meanwhile.
constexpr std::chrono::seconds kPatience{2};

constexpr std::string_view kGone = "is gone: it was moved away or removed";
constexpr std::string_view kWrittenOver = "was written over by somebody else";
constexpr std::string_view kReplaced = "is another file now: somebody put one in its place";

std::string_view name_of(MirrorPart part) {
  switch (part) {
    case MirrorPart::file:
      return "its file";
    case MirrorPart::name:
      return "mirror.path";
    case MirrorPart::log:
      return "its write-ahead log";
    case MirrorPart::index:
      return "its log's index";
    case MirrorPart::lock:
      return "its lock file";
  }
  return "its file";
}

std::string_view advice_for(MirrorPart part) {
  switch (part) {
    case MirrorPart::file:
    case MirrorPart::name:
      return "stop couponsyncd before the mirror is moved, removed or replaced; start it again to go on with"
             " what is there now, or to have everything read anew";
    case MirrorPart::log:
    case MirrorPart::index:
      return "keep the files named -wal and -shm where they are while couponsyncd runs, and start it again";
    case MirrorPart::lock:
      return "see that no other couponsyncd writes to this mirror, and start this one again";
  }
  return "";
}

const FileLoss* find(const std::vector<FileLoss>& losses, MirrorPart part) {
  const auto found = std::ranges::find(losses, part, &FileLoss::part);
  return found == losses.end() ? nullptr : &*found;
}

MirrorGuard::Ending ending_after(const std::vector<FileLoss>& losses) {
  using enum MirrorGuard::Ending;
  const bool file_is_lost = find(losses, MirrorPart::file) != nullptr;
  const FileLoss* log = find(losses, MirrorPart::log);
  // What lies in the log's place may belong to whatever lies in the file's.
  if (log != nullptr && (file_is_lost || log->size > 0)) return leave;
  // Without the index others do not see what this connection does.
  if (find(losses, MirrorPart::index) != nullptr) return file_is_lost ? leave : close;
  // A file that was moved away gets all that was committed, and no log is left to be played over another one.
  return empty_log;
}

}  // namespace

MirrorGuard::MirrorGuard(const MirrorFile& file, const WriterLock& lock, const std::filesystem::path& name,
                         SQLite::Database& database)
    : file_(file),
      database_(database),
      right_size_(stamp_of_file().size),
      index_size_(look_at(log_index_of(file.path())).size) {
  watch_.add(MirrorPart::file, file.path(), file.identity());
  watch_.add(MirrorPart::log, log_of(file.path()));
  watch_.add(MirrorPart::index, log_index_of(file.path()));
  watch_.add(MirrorPart::lock, WriterLock::file_of(file.path()), lock.identity());
  if (name != file.path()) watch_.add(MirrorPart::name, name, file.identity());
}

void MirrorGuard::require_intact(const std::optional<LogMark>& mark) {
  if (gone_) throw MirrorError(*gone_);
  const std::vector<FileLoss> losses = watch_.look();
  if (!losses.empty()) fail(losses.front(), ending_after(losses), fate_of(losses.front()));
  if (index_is_cut()) fail({.part = MirrorPart::index}, Ending::leave, "was cut short by somebody else");
  if (log_is_cut()) fail({.part = MirrorPart::log}, Ending::leave, "was cut short by somebody else");
  if (log_is_written_over()) fail({.part = MirrorPart::log}, Ending::leave, kWrittenOver);
  if (file_is_written_over(mark)) fail({.part = MirrorPart::file}, Ending::leave, kWrittenOver);
  if (sqlite3_get_autocommit(database_.getHandle()) != 0)
    require_not_set_back(mark);
  else if (index_is_foreign())
    fail({.part = MirrorPart::index}, Ending::leave, kWrittenOver);
}

void MirrorGuard::transaction_begins(const std::optional<LogMark>& mark) { require_not_set_back(mark); }

void MirrorGuard::require_not_set_back(const std::optional<LogMark>& mark) {
  if (is_set_back(mark))
    fail({.part = MirrorPart::file}, Ending::leave, "was set back to an older state by somebody else");
}

void MirrorGuard::fail(const FileLoss& first, Ending ending, std::string_view what) {
  ending_ = ending;
  std::string text(name_of(first.part));
  text += " " + watch_.path_of(first.part).string() + " ";
  text += what;
  text += ", and nothing is written any more";
  gone_ = mirror_error(MirrorError::Reason::gone, file_.path(), text, advice_for(first.part));
  throw MirrorError(*gone_);
}

std::string_view MirrorGuard::fate_of(const FileLoss& loss) const {
  if (loss.replaced) return kReplaced;
  if (loss.part != MirrorPart::file) return kGone;
  return file_.has_a_name() ? "was moved away" : "was removed";
}

MirrorGuard::Stamp MirrorGuard::stamp_of_file() const {
  const FileAtPath file = look_at(file_.path());
  return {file.size, file.modified, file.changed};
}

/// It only grows while somebody has it open. It is mapped into memory, and whoever reads memory beyond a
/// file's end is killed: it gets its length back, so that this process can end in order.
bool MirrorGuard::index_is_cut() {
  const std::filesystem::path& path = watch_.path_of(MirrorPart::index);
  const FileAtPath index = look_at(path);
  if (index.presence != FileAtPath::Presence::there) return false;
  if (index.size >= index_size_) {
    index_size_ = index.size;
    return false;
  }
  // By its path, since a descriptor that is closed would give up the locks.
  [[maybe_unused]] const int lengthened = truncate(path.c_str(), static_cast<off_t>(index_size_));
  return true;
}

/// Others may empty the log as SQLite does, and tell it in the index before they do.
bool MirrorGuard::log_is_cut() const {
  const std::optional<LogIndex> index = read_log_index(database_);
  const FileAtPath log = look_at(watch_.path_of(MirrorPart::log));
  if (!index || log.presence != FileAtPath::Presence::there || log.size >= index->least_log_size())
    return false;
  return read_log_index(database_) == index;
}

/// Somebody put another log's frames where this one's are; the file keeps its length while SQLite uses it.
bool MirrorGuard::log_is_written_over() const {
  const std::optional<LogIndex> index = read_log_index(database_);
  return index && !log_has_last_frame(database_, *index) && read_log_index(database_) == index;
}

/// Whoever moves the log into the file, as SQLite does, writes to it; and anybody may touch it. It is looked
/// at after this connection's own checkpoints, too: somebody may have written while they did.
bool MirrorGuard::file_is_written_over(const std::optional<LogMark>& mark) {
  const Stamp stamp = stamp_of_file();
  if (stamp == right_) return false;
  const std::optional<LogIndex> index = read_log_index(database_);
  const FileAlone alone = read_file_alone(file_.path());
  if (!alone.was_read) return false;  // looked at again next time
  if (!is_as_committed(alone, mark, index)) return true;
  if (alone.makes_sense) {
    keep_as_right(stamp, alone);
    return false;
  }
  // A checkpoint that is under way or was broken off never made it shorter.
  if (stamp.size < right_size_) return true;
  if (!senseless_since_) senseless_since_ = std::chrono::steady_clock::now();
  return false;
}

/// `index` was read before the file.
bool MirrorGuard::is_as_committed(const FileAlone& file, const std::optional<LogMark>& mark,
                                  const std::optional<LogIndex>& index) const {
  if (!log_fits(file, mark)) return false;
  if (file.mark && file.mark->now.commit < commit_of_file_) return false;
  // Another program may have written and begun to move that meanwhile.
  return !index || !index->is_moved() || file_is_at(file, mark) || read_log_index(database_) != index;
}

/// A time that is hardly over may come again: the system's clock for files stands still for milliseconds.
void MirrorGuard::keep_as_right(const Stamp& stamp, const FileAlone& file) {
  constexpr std::chrono::milliseconds kOfFiles{50};
  const std::chrono::nanoseconds now = std::chrono::system_clock::now().time_since_epoch();
  if (std::max(stamp.changed, stamp.modified) + kOfFiles < now) right_ = stamp;
  right_size_ = stamp.size;
  if (file.mark) commit_of_file_ = file.mark->now.commit;
  senseless_since_.reset();
}

/// In a transaction nobody else may write; SQLite itself begins the log anew at most.
bool MirrorGuard::index_is_foreign() const {
  const std::optional<LogIndex> index = read_log_index(database_);
  return index && index != index_ && index->frames() != 0;
}

/// File, log and index may have been put back together, so that they fit: but not with what this connection
/// has committed.
bool MirrorGuard::is_set_back(const std::optional<LogMark>& mark) {
  const std::optional<LogIndex> index = read_log_index(database_);
  if (!index || index == index_) return false;
  const auto state_of = [](const std::optional<LogMark>& of) {
    return of ? std::optional(of->now) : std::nullopt;
  };
  try {
    if (state_of(read_log_mark(database_)) != state_of(mark)) return true;
  } catch (const SQLite::Exception& error) {
    const int code = error.getErrorCode() & 0xff;
    // An older state has the same tables: their wrong description is damage that somebody did to this one.
    const bool is_damage = std::string_view(error.what()).starts_with("malformed database schema");
    if (is_damage || code == SQLITE_NOMEM || code == SQLITE_IOERR) throw;
    return code == SQLITE_CORRUPT || code == SQLITE_NOTADB;
  }
  index_ = index;
  return false;
}

bool MirrorGuard::file_is_in_doubt() const {
  return senseless_since_ && !checkpoint_is_broken_off_ &&
         std::chrono::steady_clock::now() - *senseless_since_ < kPatience;
}

}  // namespace couponsync
