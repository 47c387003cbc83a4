#include "store/other_process.h"

#include "store/mirror_fixture.h"

#include <fcntl.h>
#include <fstream>
#include <iterator>

namespace couponsync {

int execute_elsewhere(const std::filesystem::path& database, const std::string& sql) {
  return in_child([&] {
    execute(database, sql);
    return 0;
  });
}

int open_and_close_elsewhere(const std::filesystem::path& database) {
  return execute_elsewhere(database, "SELECT count(*) FROM sqlite_schema");
}

bool is_locked_against_others(const std::filesystem::path& database) {
  // https://www.sqlite.org/src/file/src/os.h: the bytes of which readers lock one or all.
  constexpr off_t kSharedFirst = 0x40000002;
  constexpr off_t kSharedSize = 510;
  const pid_t self = getpid();
  return in_child([&] {
           struct flock lock{};
           lock.l_type = F_WRLCK;
           lock.l_whence = SEEK_SET;
           lock.l_start = kSharedFirst;
           lock.l_len = kSharedSize;
           const int file = open(database.c_str(), O_RDWR | O_CLOEXEC);
           const bool asked = file >= 0 && fcntl(file, F_GETLK, &lock) == 0;
           return asked && lock.l_type == F_RDLCK && lock.l_pid == self ? 1 : 0;
         }) == 1;
}

void copy_over(const std::filesystem::path& from, const std::filesystem::path& to) {
  std::filesystem::copy_file(from, to, std::filesystem::copy_options::overwrite_existing);
}

std::string content_of(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

}  // namespace couponsync
