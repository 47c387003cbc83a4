#include "sync/sending_pause.h"

namespace couponsync {
namespace {

using std::chrono::seconds;

/// What is over sooner is nobody's concern.
constexpr seconds kWorthTelling{3};
/// A quota of a minute that is used up holds everything for most of it, again and again: that is no event.
constexpr seconds kLongHold{75};
constexpr seconds kTellAgain{60};
/// Calls that were out together move the end by a little each.
constexpr seconds kMoved{5};

}  // namespace

void SendingPause::no_domain_works(const Failure& why) {
  go_on(PauseCause::no_domain_works, why, std::nullopt);
}

void SendingPause::too_fast(const Failure& why, std::optional<SteadyTime> until) {
  go_on(PauseCause::too_fast, why, until);
}

void SendingPause::go_on(PauseCause cause, const Failure& why, std::optional<SteadyTime> until) {
  const SteadyTime now = env_.steady_now();
  std::optional<State>& present = state(cause);
  if (!present) present = State{.since = now, .since_wall = to_unix_seconds(env_.wall_now())};
  const seconds worth = cause == PauseCause::too_fast ? kLongHold : kWorthTelling;
  const bool long_enough = now - present->since >= worth || (until && *until - now > kWorthTelling);
  if (!present->reported_at && !long_enough) return;
  const bool moved = until && (!present->reported_until || *until - *present->reported_until >= kMoved);
  if (present->reported_at && now - *present->reported_at < kTellAgain && !moved) return;
  present->reported_at = now;
  present->reported_until = until;
  events_.sending_paused(pause_of(cause, why, until));
}

void SendingPause::over(PauseCause cause) {
  std::optional<State>& present = state(cause);
  if (!present) return;
  if (present->reported_at) events_.sending_resumed(pause_of(cause, Failure{}, std::nullopt));
  present.reset();
}

bool SendingPause::is_told() const {
  for (const std::optional<State>& one : states_)
    if (one && one->reported_at) return true;
  return false;
}

Pause SendingPause::pause_of(PauseCause cause, const Failure& why, std::optional<SteadyTime> until) const {
  const SteadyTime now = env_.steady_now();
  const State& present = *state(cause);
  Pause pause;
  pause.cause = cause;
  pause.why = why;
  pause.since = present.since_wall;
  pause.lasted = std::chrono::floor<seconds>(now - present.since);
  if (until) pause.until = to_unix_seconds(env_.wall_now() + std::chrono::ceil<seconds>(*until - now));
  return pause;
}

}  // namespace couponsync
