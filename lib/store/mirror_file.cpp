#include "store/mirror_file.h"

#include "store/errors.h"
#include "store/schema.h"

#include <array>
#include <cerrno>
#include <cstdint>
#include <fcntl.h>
#include <string_view>
#include <sys/file.h>
#include <sys/stat.h>
#include <system_error>
#include <utility>

namespace couponsync {
namespace {

constexpr mode_t kMode = 0640;
// https://www.sqlite.org/fileformat.html, "The Database Header"
constexpr std::size_t kHeaderSize = 100;
constexpr std::size_t kApplicationIdOffset = 68;
constexpr std::string_view kMagic{"SQLite format 3\0", 16};

/// Not open if there is a file already.
Descriptor create_file(const std::filesystem::path& path) {
  Descriptor file(open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, kMode));
  if (!file.is_open()) {
    const int error = errno;
    if (error == EEXIST) return file;
    throw system_error(path, "cannot be made", error);
  }
  // Whatever the umask: readers of the group depend on it.
  if (fchmod(file.get(), kMode) != 0) throw system_error(path, "cannot set its mode", errno);
  return file;
}

std::uint32_t big_endian_at(std::string_view bytes, std::size_t offset) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) value = value << 8U | static_cast<unsigned char>(bytes[offset + i]);
  return value;
}

/// An application_id of 0 decides nothing yet: an empty database made by another program has it, too.
void check_header(const std::filesystem::path& path, std::string_view header) {
  if (header.empty()) return;
  if (header.size() < kHeaderSize || !header.starts_with(kMagic))
    throw mirror_error(MirrorError::Reason::refused, path, "it is not an SQLite database",
                       "give mirror.path a name of its own");
  const std::uint32_t id = big_endian_at(header, kApplicationIdOffset);
  if (id != 0 && id != kApplicationId)
    throw mirror_error(MirrorError::Reason::refused, path, "it belongs to another application",
                       "give mirror.path a name of its own");
}

struct stat status_of(const std::filesystem::path& path, const Descriptor& file) {
  struct stat status{};
  if (fstat(file.get(), &status) != 0) throw system_error(path, "cannot be examined", errno);
  return status;
}

/// An existing file that may be ours.
Descriptor open_file(const std::filesystem::path& path) {
  Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file.is_open()) throw system_error(path, "cannot be opened", errno);
  if (!S_ISREG(status_of(path, file).st_mode))
    throw mirror_error(MirrorError::Reason::unwritable, path, "it is not a regular file",
                       "let mirror.path name a file");
  std::array<char, kHeaderSize> header{};
  const ssize_t size = pread(file.get(), header.data(), header.size(), 0);
  if (size < 0) throw system_error(path, "cannot be read", errno);
  check_header(path, {header.data(), static_cast<std::size_t>(size)});
  return file;
}

Descriptor create_or_open(const std::filesystem::path& path) {
  Descriptor made = create_file(path);
  return made.is_open() ? std::move(made) : open_file(path);
}

}  // namespace

std::filesystem::path resolve_mirror_path(const std::filesystem::path& path) {
  std::error_code error;
  std::filesystem::path resolved = std::filesystem::weakly_canonical(std::filesystem::absolute(path), error);
  if (error) throw system_error(path, "cannot be found", error.value());
  return resolved;
}

void check_mirror_file(const std::filesystem::path& path) { open_file(path); }

MirrorFile::MirrorFile(const std::filesystem::path& path)
    : path_(path), descriptor_(create_or_open(path)), identity_(identity_of(status_of(path, descriptor_))) {
  while (flock(descriptor_.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EINTR) continue;
    if (errno == EWOULDBLOCK)
      throw mirror_error(MirrorError::Reason::in_use, path,
                         "in use by another process, whose lock file was removed",
                         "stop it first: a mirror has one writer");
    throw system_error(path, "cannot be locked", errno);
  }
}

bool MirrorFile::has_a_name() const {
  struct stat status{};
  return fstat(descriptor_.get(), &status) != 0 || status.st_nlink > 0;
}

}  // namespace couponsync
