#pragma once

#include <cstddef>
#include <fcntl.h>
#include <filesystem>
#include <iterator>
#include <stdexcept>
#include <sys/resource.h>
#include <unistd.h>

namespace couponsync::test {

/// While it lives, this process can have no more than `free` further file descriptors.
class DescriptorShortage {
 public:
  explicit DescriptorShortage(unsigned free = 0) {
    const int lowest = dup(STDERR_FILENO);  // those below are all in use
    close(lowest);
    if (lowest < 0 || getrlimit(RLIMIT_NOFILE, &before_) != 0) throw std::runtime_error("no limits here");
    rlimit tight = before_;
    tight.rlim_cur = static_cast<rlim_t>(lowest) + free;
    if (setrlimit(RLIMIT_NOFILE, &tight) != 0) throw std::runtime_error("the limit cannot be set");
  }
  ~DescriptorShortage() { setrlimit(RLIMIT_NOFILE, &before_); }
  DescriptorShortage(const DescriptorShortage&) = delete;
  DescriptorShortage& operator=(const DescriptorShortage&) = delete;

 private:
  rlimit before_{};
};

/// How many file descriptors this process has open.
inline std::ptrdiff_t open_descriptors() {
  return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {});
}

}  // namespace couponsync::test
