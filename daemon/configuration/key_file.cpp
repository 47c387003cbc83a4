#include "configuration/key_file.h"

#include "configuration/configuration_error.h"
#include "configuration/text_file.h"

#include <fmt/format.h>
#include <openssl/crypto.h>

#include <sys/stat.h>
#include <unistd.h>

namespace couponsync::daemon {
namespace {

constexpr std::size_t kMaxBytes = 65'536;

ConfigurationError problem(const char* pointer, const std::filesystem::path& file, const std::string& why) {
  return ConfigurationError(pointer, fmt::format("{}: {}", file.string(), why));
}

}  // namespace

void SecretText::wipe() { OPENSSL_cleanse(text_.data(), text_.size()); }

SecretText read_private_key_file(const std::filesystem::path& file) {
  constexpr const char* kPointer = "/credentials/private_key_file";
  return SecretText(read_text_file(file, kMaxBytes, kPointer, [&](const struct stat& status) {
    if (status.st_uid != 0 && status.st_uid != geteuid())
      throw problem(kPointer, file,
                    fmt::format("belongs to user {}, not to root or to this process's user {}: chown it",
                                status.st_uid, geteuid()));
    if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0)
      throw problem(kPointer, file,
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
