#pragma once

#include "store/mirror.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <sys/wait.h>
#include <unistd.h>

namespace couponsync {

/// Runs `child` in a process of its own, and gives its exit code: what `child` returns, 10 and more for the
/// reason of a MirrorError, 99 for any other exception, or -signal.
template <class Child>
int in_child(Child child) {
  const pid_t process = fork();
  if (process == 0) {
    int code = 99;
    try {
      code = child();
    } catch (const MirrorError& error) {
      code = 10 + static_cast<int>(error.reason());
    } catch (...) {
    }
    _exit(code);
  }
  int status = 0;
  EXPECT_EQ(waitpid(process, &status, 0), process);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/// What a `sqlite3 mirror.db "SELECT ..."` of somebody who may write does: opens it for reading and writing,
/// reads, closes, in a process of its own. SQLite removes the log then if it is the last who had it open.
/// Gives the exit code: 0.
int open_and_close_elsewhere(const std::filesystem::path& database);
/// Runs SQL in the same way.
int execute_elsewhere(const std::filesystem::path& database, const std::string& sql);

/// Whether this process holds the lock by which SQLite tells others that a database is open, as another
/// process sees it.
bool is_locked_against_others(const std::filesystem::path& database);

/// Puts a copy into the file that is there, or makes one. As `content_of`, it closes descriptors of both: not
/// for a mirror that this process has open.
void copy_over(const std::filesystem::path& from, const std::filesystem::path& to);
std::string content_of(const std::filesystem::path& file);

}  // namespace couponsync
