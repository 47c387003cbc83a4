#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace couponsync::daemon {

/// Text that is wiped from memory when it is no longer needed.
class SecretText {
 public:
  explicit SecretText(std::string text) : text_(std::move(text)) {}
  SecretText(SecretText&& other) noexcept : text_(std::move(other.text_)) { other.wipe(); }
  SecretText& operator=(SecretText&&) = delete;
  ~SecretText() { wipe(); }

  std::string_view view() const { return text_; }
  /// Without the line's end that an editor puts behind it.
  std::string_view line() const;

 private:
  void wipe();
  std::string text_;
};

/// The text of a secret key; `pointer` names its setting. The file must be regular, root's or this user's
/// own, and closed to group and others; this is asked of the opened file, so that it cannot be swapped
/// meanwhile. Throws ConfigurationError.
SecretText read_secret_key_file(const std::filesystem::path& file, const char* pointer);

/// The PEM text of the WeChat Pay public key: not secret, but nobody else may be able to replace it. Throws
/// ConfigurationError.
SecretText read_public_key_file(const std::filesystem::path& file);

}  // namespace couponsync::daemon
