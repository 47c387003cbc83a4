#pragma once

#include "base/task.h"
#include "base/time.h"

#include <cstddef>
#include <span>

namespace couponsync {

/// Time and chance: the only way `lib` reaches either, so that tests can run in virtual time from a seed.
/// Used on the io thread, except `wall_now`, which any thread may call.
class Env {
 public:
  virtual ~Env() = default;

  /// For durations and deadlines; never goes back.
  virtual SteadyTime steady_now() const = 0;
  /// For timestamps that leave the process; may jump.
  virtual WallTime wall_now() const = 0;
  /// Returns at `when` or at once if that is past. Cancellable.
  virtual Task<> sleep_until(SteadyTime when) = 0;
  /// Fills `out` from a cryptographic source. Throws std::runtime_error if that source fails.
  virtual void random_bytes(std::span<std::byte> out) = 0;
  /// Uniform in [0, 1), for jitter; not for secrets.
  virtual double random_unit() = 0;
};

}  // namespace couponsync
