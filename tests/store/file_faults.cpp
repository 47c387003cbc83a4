#include "store/file_faults.h"

#include <sqlite3.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <sys/syscall.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace couponsync {
namespace {

struct Plan {
  std::atomic<bool> armed = false;
  std::atomic<FileFault::Call> call = FileFault::Call::write;
  std::atomic<std::int64_t> nth = 0;
  std::atomic<int> error = 0;
  std::atomic<bool> lasting = false;
  std::atomic<std::int64_t> calls = 0;
  std::function<void()> action;  ///< in a failure's stead
};
Plan plan;

/// Whether this call has to fail; errno is set then.
bool strikes(FileFault::Call call) {
  if (!plan.armed || plan.call != call) return false;
  const std::int64_t number = ++plan.calls;
  const std::int64_t nth = plan.nth;
  if (nth == 0 || !(number == nth || (plan.lasting && number > nth))) return false;
  if (plan.action) {
    std::exchange(plan.action, nullptr)();
    return false;
  }
  if (plan.error == 0) kill(getpid(), SIGKILL);
  errno = plan.error;
  return true;
}

bool is_database(int file) {
  std::error_code unnamed;
  const std::filesystem::path name =
      std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(file), unnamed);
  return name.extension() == ".db";
}

ssize_t faulty_pread(int file, void* bytes, size_t size, off_t offset) {
  return strikes(FileFault::Call::read) ? -1 : pread(file, bytes, size, offset);
}

ssize_t faulty_pwrite(int file, const void* bytes, size_t size, off_t offset) {
  if (strikes(FileFault::Call::write)) return -1;
  const bool may_be_checkpoint = plan.armed && plan.call == FileFault::Call::checkpoint_write;
  if (may_be_checkpoint && is_database(file) && strikes(FileFault::Call::checkpoint_write)) return -1;
  return pwrite(file, bytes, size, offset);
}

int faulty_truncate(int file, off_t size) {
  return strikes(FileFault::Call::truncate) ? -1 : ftruncate(file, size);
}

int faulty_open(const char* path, int flags, int mode) {
  return strikes(FileFault::Call::open) ? -1 : open(path, flags, mode);
}

template <class Function>
void replace(const char* name, Function function) {
  sqlite3_vfs* files = sqlite3_vfs_find(nullptr);
  if (files->xSetSystemCall(files, name, reinterpret_cast<sqlite3_syscall_ptr>(function)) != SQLITE_OK)
    throw std::runtime_error(std::string("SQLite has no system call ") + name);
}

void replace_calls() {
  static const bool replaced = [] {
    replace("pread64", faulty_pread);
    replace("pwrite64", faulty_pwrite);
    replace("ftruncate", faulty_truncate);
    replace("open", faulty_open);
    return true;
  }();
  static_cast<void>(replaced);
}

}  // namespace

FileFault::FileFault(Call call, std::int64_t nth, int error, bool lasting, std::function<void()> action) {
  replace_calls();
  plan.call = call;
  plan.nth = nth;
  plan.error = error;
  plan.lasting = lasting;
  plan.calls = 0;
  plan.action = std::move(action);
  plan.armed = true;
}

FileFault::~FileFault() { plan.armed = false; }

bool FileFault::struck() const { return plan.nth > 0 && plan.calls >= plan.nth; }
std::int64_t FileFault::calls() const { return plan.calls; }

}  // namespace couponsync

// SQLite's syncs cannot be replaced by its VFS: these take the C library's place in this program.
extern "C" int fdatasync(int file) {
  if (couponsync::strikes(couponsync::FileFault::Call::sync)) return -1;
  return static_cast<int>(syscall(SYS_fdatasync, file));
}
extern "C" int fsync(int file) {
  if (couponsync::strikes(couponsync::FileFault::Call::sync)) return -1;
  return static_cast<int>(syscall(SYS_fsync, file));
}
