#include "sandbox/quota.h"

#include <algorithm>

namespace couponsync::sandbox {

std::optional<QuotaKind> quota_kind(std::string_view name) {
  if (name == "bucket") return QuotaKind::bucket;
  if (name == "second") return QuotaKind::second;
  if (name == "minute") return QuotaKind::minute;
  return std::nullopt;
}

void Quota::set(double limit, QuotaKind kind, Time now) {
  limit_ = limit;
  kind_ = kind;
  tokens_ = limit;
  updated_ = now;
}

bool Quota::take(Time now) {
  if (limit_ <= 0) return true;
  if (kind_ == QuotaKind::bucket) {
    tokens_ = std::min(limit_, tokens_ + std::chrono::duration<double>(now - updated_).count() * limit_);
    updated_ = now;
  } else {
    const auto window = kind_ == QuotaKind::second ? std::chrono::seconds(1) : std::chrono::seconds(60);
    if (now - updated_ >= window) {
      updated_ += (now - updated_) / window * window;
      tokens_ = limit_;
    }
  }
  if (tokens_ < 1) return false;
  tokens_ -= 1;
  return true;
}

}  // namespace couponsync::sandbox
