#include "configuration/text_file.h"

#include "configuration/configuration_error.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

namespace couponsync::daemon {
namespace {

class Descriptor {
 public:
  explicit Descriptor(const std::filesystem::path& file)
      : descriptor_(open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (descriptor_ >= 0) close(descriptor_);
  }
  int get() const { return descriptor_; }

 private:
  int descriptor_;
};

/// Whether the error is one of the machine or the moment and not of the file.
bool is_passing(int error) {
  constexpr std::array kPassing{EAGAIN, EIO, EMFILE, ENFILE, ENOBUFS, ENOMEM, ESTALE, ETIMEDOUT};
  return std::ranges::find(kPassing, error) != kPassing.end();
}

bool was_written(const struct stat& before, const struct stat& after) {
  return before.st_size != after.st_size || before.st_mtim.tv_sec != after.st_mtim.tv_sec ||
         before.st_mtim.tv_nsec != after.st_mtim.tv_nsec;
}

}  // namespace

std::string read_text_file(const std::filesystem::path& file, std::size_t max_bytes,
                           const std::string& pointer, const std::function<void(const struct stat&)>& check) {
  const auto fail = [&](const std::string& why, bool passing = false) {
    return ConfigurationError(pointer, fmt::format("{}: {}", file.string(), why), passing);
  };
  const auto cannot_be_read = [&](int error) {
    return fail(fmt::format("cannot be read: {}", std::strerror(error)), is_passing(error));
  };
  const Descriptor descriptor(file);
  struct stat status{};
  if (descriptor.get() < 0 || fstat(descriptor.get(), &status) != 0) throw cannot_be_read(errno);
  if (!S_ISREG(status.st_mode)) throw fail("is not a regular file");
  if (check) check(status);
  if (static_cast<std::size_t>(status.st_size) > max_bytes)
    throw fail(fmt::format("is larger than {} bytes", max_bytes));
  std::string text(static_cast<std::size_t>(status.st_size), '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const ssize_t count = read(descriptor.get(), text.data() + size, text.size() - size);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw cannot_be_read(errno);
    if (count == 0) break;
    size += static_cast<std::size_t>(count);
  }
  struct stat after{};
  if (fstat(descriptor.get(), &after) != 0) throw cannot_be_read(errno);
  if (size < text.size() || was_written(status, after))
    throw fail("was written to while it was read: move a finished file into its place", true);
  return text;
}

std::string_view without_byte_order_mark(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  return text;
}

}  // namespace couponsync::daemon
