#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace couponsync::sandbox {

enum class QuotaKind { bucket, second, minute };
std::optional<QuotaKind> quota_kind(std::string_view name);

/// How many calls the brand has, over both domains: a token bucket refilled at `limit` a second and as deep
/// as one second's worth, or a fixed window of a second or a minute with `limit` calls each. 0 is no limit.
/// Takes `now`.
class Quota {
 public:
  using Time = std::chrono::steady_clock::time_point;

  void set(double limit, QuotaKind kind, Time now);
  /// Whether a call may pass now; one that may not costs nothing.
  bool take(Time now);

 private:
  double limit_ = 0;
  QuotaKind kind_ = QuotaKind::bucket;
  double tokens_ = 0;
  Time updated_;
};

}  // namespace couponsync::sandbox
