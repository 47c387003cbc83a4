#include "configuration/key_file.h"

#include "configuration/configuration_error.h"
#include "configuration/text_file.h"

#include <fmt/format.h>
#include <openssl/crypto.h>

#include <cstdlib>
#include <sys/stat.h>
#include <unistd.h>

namespace couponsync::daemon {
namespace {

constexpr std::size_t kMaxBytes = 65'536;

ConfigurationError problem(const char* pointer, const std::filesystem::path& file, const std::string& why) {
  return {pointer, fmt::format("{}: {}", file.string(), why)};
}

bool is_credential(const std::filesystem::path& file) {
  const char* folder = std::getenv("CREDENTIALS_DIRECTORY");
  return folder != nullptr && file.parent_path() == std::filesystem::path(folder);
}

/// systemd since 254 lets the service at its credentials by an ACL, whose mask shows as the group's bits:
/// 0440 root:root, in a folder of the service's own.
mode_t forbidden_bits(const std::filesystem::path& file, const struct stat& status) {
  if (is_credential(file) && status.st_uid == 0 && status.st_gid == 0) return S_IRWXO | S_IWGRP | S_IXGRP;
  return S_IRWXG | S_IRWXO;
}

}  // namespace

void SecretText::wipe() { OPENSSL_cleanse(text_.data(), text_.size()); }

std::string_view SecretText::line() const {
  std::string_view line = text_;
  if (line.ends_with('\n')) line.remove_suffix(1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

SecretText read_secret_key_file(const std::filesystem::path& file, const char* pointer) {
  return SecretText(read_text_file(file, kMaxBytes, pointer, [&](const struct stat& status) {
    if (status.st_uid != 0 && status.st_uid != geteuid())
      throw problem(pointer, file,
                    fmt::format("belongs to user {}, not to root or to this process's user {}: chown it",
                                status.st_uid, geteuid()));
    if ((status.st_mode & forbidden_bits(file, status)) != 0)
      throw problem(pointer, file,
                    fmt::format("has mode {:04o}, others may get at the key: chmod 600 {}",
                                status.st_mode & 07777, file.string()));
  }));
}

SecretText read_public_key_file(const std::filesystem::path& file) {
  constexpr const char* kPointer = "/credentials/wechatpay_public_key_file";
  return SecretText(read_text_file(file, kMaxBytes, kPointer, [&](const struct stat& status) {
    if ((status.st_mode & S_IWOTH) != 0)
      throw problem(kPointer, file,
                    fmt::format("has mode {:04o}, anybody may replace the key: chmod 644 {}",
                                status.st_mode & 07777, file.string()));
  }));
}

}  // namespace couponsync::daemon
