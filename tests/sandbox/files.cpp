#include "sandbox/files.h"

#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace couponsync::sandbox {
namespace {

[[noreturn]] void fail(const std::filesystem::path& file) {
  throw std::system_error(errno, std::generic_category(), file.string());
}

}  // namespace

std::string read_file(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) fail(file);
  return {std::istreambuf_iterator<char>(stream), {}};
}

void write_file(const std::filesystem::path& file, std::string_view content, mode_t mode) {
  const std::string fresh = file.string() + ".new";
  const int descriptor = open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
  if (descriptor < 0) fail(fresh);
  const bool written = fchmod(descriptor, mode) == 0 && write(descriptor, content.data(), content.size()) ==
                                                            static_cast<ssize_t>(content.size());
  if (close(descriptor) != 0 || !written) fail(fresh);
  if (std::rename(fresh.c_str(), file.c_str()) != 0) fail(file);
}

}  // namespace couponsync::sandbox
