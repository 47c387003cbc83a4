#pragma once

#include "base/time.h"

#include <chrono>
#include <cstdint>
#include <optional>

namespace couponsync {

struct RateOptions {
  double max_requests_per_second = 400;
  double start_requests_per_second = 20;
  double share = 1.0;  ///< of the quota, the rest is left to the brand's other systems
};

/// Says when the next call may go, learning only from what became of earlier calls. The quota is one per
/// brand, for both domains together, unknown, shared with the brand's other systems, and shows itself only as
/// 429. Pure: no clock, no sleep, no chance; `now` never goes back.
class RateController {
 public:
  RateController(RateOptions options, SteadyTime now);

  /// When the next call may be sent: `now` or earlier means at once. Moves as replies come in, so ask again
  /// after waiting.
  SteadyTime earliest_send(SteadyTime now) const;
  /// A call goes out now.
  void sent(SteadyTime now);
  /// A reply that was not a 429 came for the call sent at `sent_at`.
  void accepted(SteadyTime sent_at, SteadyTime now);
  /// A 429 came for the call sent at `sent_at`; `retry_after` as the server gave it, if it did.
  void refused(SteadyTime sent_at, SteadyTime now, std::optional<std::chrono::milliseconds> retry_after);

  /// The present pace, for status and metrics.
  double requests_per_second(SteadyTime now) const;
};

}  // namespace couponsync
