#pragma once

#include <compare>
#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace couponsync {

/// The key of `redact`, at least 16 bytes. Set once, before any thread starts; until then a random one is in
/// force, so that nothing can be redacted under a known key.
void set_redaction_key(std::span<const std::byte> key);

/// A short keyed hash such as "~3f9c21a07b4d": the same value has the same name in every log of one mirror,
/// and nobody without the key can find the value by trying. Thread-safe.
std::string redact(std::string_view value);

/// A value that must not reach logs, metrics or errors. It cannot be formatted or streamed: whoever needs the
/// value says `reveal()`, whoever wants to name it says `redacted()`.
template <class Tag>
class Sensitive {
 public:
  Sensitive() = default;
  explicit Sensitive(std::string value) : value_(std::move(value)) {}

  const std::string& reveal() const { return value_; }
  std::string redacted() const { return redact(value_); }

  auto operator<=>(const Sensitive&) const = default;

 private:
  std::string value_;
};

using Openid = Sensitive<struct OpenidTag>;
using CouponCode = Sensitive<struct CouponCodeTag>;

}  // namespace couponsync
