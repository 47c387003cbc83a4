#include "signature_watch.h"

#include <algorithm>

namespace couponsync::daemon {
namespace {

constexpr std::size_t kLeastFailed = 10;
constexpr std::size_t kOneIn = 10;

}  // namespace

std::optional<std::size_t> SignatureWatch::replied(bool verified) {
  failed_ <<= 1;
  failed_[0] = !verified;
  known_ = std::min(known_ + 1, kRemembered);
  const std::size_t failed = failed_.count();
  const bool too_many = failed >= kLeastFailed && failed * kOneIn > known_;
  const bool news = too_many && !is_reported_;
  is_reported_ = too_many;
  return news ? std::optional(failed) : std::nullopt;
}

}  // namespace couponsync::daemon
