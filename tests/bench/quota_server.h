#pragma once

#include "base/time.h"

#include <chrono>
#include <functional>
#include <random>

namespace couponsync::bench {

using Seconds = std::chrono::duration<double>;

/// A quota as an API may keep it, in virtual time.
struct ServerOptions {
  enum class Kind { token_bucket, fixed_window };
  Kind kind = Kind::token_bucket;
  Seconds span{1};  ///< what a full bucket holds, or the length of a window
  std::function<double(Seconds since_start)> per_second;
  double rival_share = 0;       ///< of the quota, used by somebody else at random times
  bool counts_refused = false;  ///< a refused call uses the quota, too
};

class Server {
 public:
  Server(ServerOptions options, SteadyTime start, unsigned seed);

  /// Whether a call that arrives now is accepted. `now` never goes back.
  bool accepts(SteadyTime now);

 private:
  double quota(SteadyTime now) const { return options_.per_second(now - start_); }
  void let_the_rival_in(SteadyTime now);
  bool take(SteadyTime now);
  bool take_from_bucket(SteadyTime now);
  bool take_from_window(SteadyTime now);

  ServerOptions options_;
  SteadyTime start_;
  std::mt19937 chance_;
  SteadyTime rival_at_;
  double tokens_;
  SteadyTime tokens_at_;
  double window_ = -1;
  double used_ = 0;
};

}  // namespace couponsync::bench
