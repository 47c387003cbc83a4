#include "store/errors.h"

#include "base/descriptors.h"

#include <SQLiteCpp/Exception.h>
#include <sqlite3.h>

#include <new>
#include <system_error>

namespace couponsync {
namespace {

constexpr std::string_view kSeeOwner =
    "see that its folder, the file and the files named -wal and -shm beside it belong to the service's user";

constexpr std::string_view kAllowMoreDescriptors =
    "allow more open files (LimitNOFILE= in the unit, ulimit -n elsewhere) or lower sync.concurrency";

std::string_view advice_for(int primary_code) {
  switch (primary_code) {
    case SQLITE_FULL:
      return "make room on its file system";
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return "another program writes to it or locks it: only readers that open it read-only may use it";
    case SQLITE_IOERR:
    case SQLITE_PROTOCOL:
      return "see that its disk has room and works (the kernel's log names the fault)";
    default:
      return kSeeOwner;
  }
}

/// SQLite's text names tables and columns, never values.
std::string text_of(const SQLite::Exception& error) {
  return std::string(error.what()) + " (SQLite " + std::to_string(error.getExtendedErrorCode()) + ")";
}

[[noreturn]] void throw_meaning(const SQLite::Exception& error, const std::filesystem::path& path) {
  const int code = error.getErrorCode() & 0xff;
  if (code == SQLITE_CANTOPEN && no_descriptor_is_left())
    throw mirror_error(MirrorError::Reason::out_of_descriptors, path, text_of(error), kAllowMoreDescriptors);
  switch (code) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      throw mirror_error(MirrorError::Reason::refused, path, "it is damaged: " + text_of(error),
                         "restore it from a copy, or move it away to have everything read anew");
    case SQLITE_NOMEM:
      throw std::bad_alloc();
    case SQLITE_FULL:
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_IOERR:
    case SQLITE_PROTOCOL:
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_AUTH:
    case SQLITE_NOLFS:
    case SQLITE_INTERRUPT:
      throw mirror_error(MirrorError::Reason::unwritable, path, text_of(error), advice_for(code));
    default:
      throw std::logic_error("mirror " + path.string() + ": " + text_of(error));
  }
}

}  // namespace

MirrorError mirror_error(MirrorError::Reason reason, const std::filesystem::path& path, std::string_view what,
                         std::string_view advice) {
  std::string text = "mirror " + path.string() + ": ";
  text += what;
  text += "; ";
  text += advice;
  return {reason, text};
}

MirrorError system_error(const std::filesystem::path& path, std::string_view what, int error) {
  const std::string reason = std::system_category().message(error);
  if (is_descriptor_shortage(error))
    return mirror_error(MirrorError::Reason::out_of_descriptors, path, std::string(what) + ": " + reason,
                        kAllowMoreDescriptors);
  std::string_view advice = kSeeOwner;
  if (error == ENOENT || error == ENOTDIR)
    advice = "make its folder, and let it belong to the service's user";
  if (error == ENOSPC || error == EDQUOT) advice = advice_for(SQLITE_FULL);
  return mirror_error(MirrorError::Reason::unwritable, path, std::string(what) + ": " + reason, advice);
}

void rethrow_translated(const std::filesystem::path& path) {
  try {
    throw;
  } catch (const SQLite::Exception& error) {
    throw_meaning(error, path);
  }
}

Failure to_failure(const MirrorError& error) {
  FailureKind kind = FailureKind::mirror_unwritable;
  if (error.reason() == MirrorError::Reason::refused) kind = FailureKind::mirror_damaged;
  if (error.reason() == MirrorError::Reason::gone) kind = FailureKind::mirror_gone;
  if (error.reason() == MirrorError::Reason::out_of_descriptors) kind = FailureKind::out_of_descriptors;
  return {.kind = kind, .detail = error.what()};
}

}  // namespace couponsync
