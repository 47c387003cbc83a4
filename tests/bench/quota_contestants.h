#pragma once

#include "base/time.h"

#include <memory>
#include <string_view>
#include <vector>

namespace couponsync::bench {

/// A way to send calls under a quota that is not known.
class Contestant {
 public:
  virtual ~Contestant() = default;

  /// When this caller may send its next call, as far as is known now.
  virtual SteadyTime earliest_send(int caller, SteadyTime now) = 0;
  virtual void sent(int caller, SteadyTime now) = 0;
  virtual void accepted(int caller, SteadyTime sent_at, SteadyTime now) = 0;
  virtual void refused(int caller, SteadyTime sent_at, SteadyTime now) = 0;
};

enum class ContestantKind { tracker, backoff, pause, adaptive };
inline constexpr ContestantKind kContestants[] = {ContestantKind::tracker, ContestantKind::backoff,
                                                  ContestantKind::pause, ContestantKind::adaptive};
std::string_view name_of(ContestantKind kind);

/// tracker: couponsyncd's RateController, cold. backoff: each caller alone, full jitter of 0.2 s doubling up
/// to 10 s. pause: all callers pause 1, 2, 4 s after a refusal. adaptive: the token bucket of the "adaptive"
/// retry mode of the AWS SDKs, whose rate follows a cubic of the rate it measured.
std::unique_ptr<Contestant> make_contestant(ContestantKind kind, int callers, SteadyTime start,
                                            unsigned seed);

}  // namespace couponsync::bench
