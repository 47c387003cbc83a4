#pragma once

#include "base/env.h"
#include "base/failure.h"
#include "sync/events.h"

#include <array>
#include <chrono>
#include <optional>

namespace couponsync {

/// Keeps what holds all calls back for now, and has Events tell it: once when it has lasted for some seconds
/// (or is known to last so long), once a minute, and once when it is over. One per brand: it outlives the
/// configuration, so that a pause is one pause whatever is reloaded meanwhile. On the io thread.
class SendingPause {
 public:
  /// Both outlive it.
  SendingPause(Env& env, Events& events) : env_(env), events_(events) {}

  /// No domain works: begun by this call, or going on.
  void no_domain_works(const Failure& why);
  /// WeChat Pay asked for a pause until then; without an end: every probe is refused as too fast.
  void too_fast(const Failure& why, std::optional<SteadyTime> until);
  void over(PauseCause cause);

  /// So long that it was told.
  bool is_told() const;

 private:
  struct State {
    SteadyTime since;
    UnixSeconds since_wall = 0;
    std::optional<SteadyTime> reported_at{};
    std::optional<SteadyTime> reported_until{};
  };

  void go_on(PauseCause cause, const Failure& why, std::optional<SteadyTime> until);
  Pause pause_of(PauseCause cause, const Failure& why, std::optional<SteadyTime> until) const;
  std::optional<State>& state(PauseCause cause) { return states_[static_cast<std::size_t>(cause)]; }
  const std::optional<State>& state(PauseCause cause) const {
    return states_[static_cast<std::size_t>(cause)];
  }

  Env& env_;
  Events& events_;
  std::array<std::optional<State>, 2> states_;
};

}  // namespace couponsync
