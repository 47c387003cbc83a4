#include "net/rate_controller.h"

#include <algorithm>
#include <cmath>

namespace couponsync {
namespace {

using namespace std::chrono_literals;
using Seconds = std::chrono::duration<double>;

constexpr double kLowestPace = 0.2;  ///< of the whole quota, unless the configured maximum is lower still
constexpr Seconds kLongestPause = 60s;
constexpr Seconds kBurst = 50ms;

// Growth.
constexpr Seconds kWindow = 250ms;
constexpr double kWindowCalls = 5;   // at least this many are due in a window
constexpr double kUsed = 0.8;        // of the due calls: sending was held back by the pace, not by demand
constexpr double kSearch = 1.25;     // each second, from the first 429 to the second
constexpr double kSteepness = 0.07;  // of the cubic
constexpr double kCutTo = 0.93;      // where the cubic starts: 1 - kSteepness
constexpr double kWarmStart = 0.9;
constexpr double kRestSeconds = 600;  // at a share below 1, before looking for a higher quota

// Cuts.
constexpr std::uint64_t kLoneAmong = 100;
constexpr Seconds kShortestMeasure = 400ms;  // from the first 429 to the second
constexpr Seconds kMeasureMean = 1500ms;     // there, at the most: it began with too little
constexpr Seconds kMean = 5s;
constexpr Seconds kShortestMean = 2s;  // in less than that, a second's quota may be used twice
constexpr Seconds kRecent = 15s;
constexpr double kMeanCalls = 10;  // at a slow pace: over so long that as many are due
constexpr Seconds kLast = 3s;
constexpr double kManyRefused = 0.05;
constexpr double kDeepestCut = 0.5;

// Holds.
constexpr int kRefusalsToHold = 2;
constexpr Seconds kFirstProbe = 120ms;
constexpr Seconds kLongestProbe = 4s;
constexpr Seconds kProbePoll = 50ms;
constexpr Seconds kLongHold = 1s;
constexpr double kAfterLongHold = 0.97;
constexpr std::uint32_t kEnoughToMeasure = 10;
constexpr Seconds kRestGap = 5s;

SteadyTime after(SteadyTime time, Seconds delay) {
  constexpr Seconds kMost = 24h * 365;  // of a pace that was configured to be next to nothing
  return time + std::chrono::ceil<SteadyTime::duration>(std::min(delay, kMost));
}

/// How long the cubic takes from its start to its flat part, in seconds.
double flat_after(double peak) { return std::clamp(150 / peak, 8.0, 12.0); }
/// How long it takes beyond that to grow as much again: whoever was not refused there may have far to go. At
/// a quota that doubled it is up after flat + 2.25 of these seconds, which is less than 20 for any `flat`.
double step_beyond(double flat) { return 40 / flat; }

}  // namespace

RateController::RateController(RateOptions options, SteadyTime now)
    : options_(options),
      history_(now),
      pace_(std::min(options.start_requests_per_second, options.max_requests_per_second)),
      tokens_at_(now),
      window_begin_(now),
      measured_from_(now),
      last_cut_(now - 1ns),
      last_sent_(now),
      last_call_(now - 24h),
      resumed_(now),
      not_before_(now) {
  if (!options_.learned) return;
  const LearnedRate& earlier = *options_.learned;
  const double pace = std::max(earlier.requests_per_second, kLowestPace);
  const double peak = std::max(earlier.peak_requests_per_second, kLowestPace);
  if (options_.share < 1)
    keep_within_share(pace, kWarmStart, now);
  else
    learn(peak, std::clamp(kWarmStart * pace / peak, kDeepestCut, 1.0), now);
  last_cut_ = now - earlier.since_cut;
}

void RateController::reconfigure(RateOptions options, SteadyTime now) {
  RateController next(options, now);
  next.tokens_ = std::min(next.tokens_, tokens(now));
  next.last_call_ = last_call_;
  next.not_before_ = not_before_;
  *this = next;
}

// The pace: a token bucket.

double RateController::lowest_pace() const {
  return std::min(kLowestPace * options_.share, options_.max_requests_per_second);
}

double RateController::burst() const { return std::max(1.0, pace_ * kBurst.count()); }

double RateController::tokens(SteadyTime now) const {
  return std::min(burst(), tokens_ + pace_ * Seconds(now - tokens_at_).count());
}

void RateController::set_pace(double pace, SteadyTime now) {
  tokens_ = tokens(now);
  tokens_at_ = now;
  pace_ = std::clamp(pace, lowest_pace(), options_.max_requests_per_second);
}

SteadyTime RateController::earliest_send(SteadyTime now) const {
  SteadyTime earliest = now;
  if (hold_)
    // A probe is a call: it keeps to the pace as well.
    earliest = hold_->probe_sent_at ? after(now, kProbePoll)
                                    : std::max(hold_->probe_at, after(last_call_, Seconds(1 / pace_)));
  else if (const double missing = 1 - tokens(now); missing > 1e-6)
    earliest = after(now, Seconds(missing / pace_));
  return std::max(earliest, not_before_);
}

void RateController::sent(SteadyTime now) {
  last_call_ = now;
  if (hold_) {
    if (!hold_->probe_sent_at) hold_->probe_sent_at = now;
    return;
  }
  tokens_ = tokens(now) - 1;
  tokens_at_ = now;
  if (now - last_sent_ > kRestGap + Seconds(1 / pace_)) resumed_ = now;
  last_sent_ = now;
  ++window_sent_;
  end_window(now);
}

// Growth, only while the pace is what holds calls back.

void RateController::end_window(SteadyTime now) {
  const double elapsed = Seconds(now - window_begin_).count();
  if (elapsed < std::max(kWindow.count(), kWindowCalls / pace_)) return;
  if (window_sent_ >= kUsed * pace_ * elapsed) grow(elapsed, now);
  window_begin_ = now;
  window_sent_ = 0;
}

void RateController::grow(double paced_seconds, SteadyTime now) {
  if (phase_ == Phase::doubling) return set_pace(pace_ * std::exp2(paced_seconds), now);
  if (phase_ == Phase::searching)
    return set_pace(std::min(pace_ * std::pow(kSearch, paced_seconds), ceiling()), now);
  if (pace_ >= ceiling()) {
    rested_seconds_ += paced_seconds;
    if (rested_seconds_ >= kRestSeconds) within_share_ = false;
    return;
  }
  grown_seconds_ += paced_seconds;
  const double flat = flat_after(peak_);
  const double beyond = grown_seconds_ - flat;
  // A quota of a long window refuses late, and then for long: beyond that one it goes on slowly.
  const double x = beyond / (beyond > 0 && !windowed_ ? step_beyond(flat) : flat);
  set_pace(std::min(peak_ * (1 + kSteepness * x * x * x), ceiling()), now);
}

double RateController::ceiling() const {
  return within_share_ ? quota_ * options_.share : options_.max_requests_per_second;
}

void RateController::start_growing(double peak, double factor, SteadyTime now) {
  peak_ = std::max(peak, lowest_pace());
  grown_seconds_ = flat_after(peak_) * (1 + std::cbrt((factor - 1) / kSteepness));
  set_pace(peak_ * factor, now);
  window_begin_ = now;
  window_sent_ = 0;
}

// What replies teach.

void RateController::accepted(SteadyTime sent_at, SteadyTime now) {
  history_.accepted(now);
  ++replies_;
  if (is_probe(sent_at)) return resume(now);
  if (!hold_) refusals_in_a_row_ = 0;
}

void RateController::refused(SteadyTime sent_at, SteadyTime now,
                             std::optional<std::chrono::milliseconds> retry_after) {
  history_.refused(now);
  ++replies_;
  if (retry_after)
    not_before_ = std::max(not_before_, after(now, std::min<Seconds>(*retry_after, kLongestPause)));
  const bool noise = is_noise();
  if (is_probe(sent_at)) {
    ++hold_->probes_refused;
    return schedule_probe(now);
  }
  if (hold_ || sent_at < resumed_) return;
  if (!noise && sent_at > last_cut_) cut(now);
  if (++refusals_in_a_row_ < kRefusalsToHold) return;
  hold_ = Hold{.since = now, .probe_at = now};
  schedule_probe(now);
}

void RateController::unanswered(SteadyTime sent_at, SteadyTime now) {
  if (!is_probe(sent_at)) return;
  hold_->probe_lost = true;
  schedule_probe(now);
}

/// A lone 429 says nothing about the pace.
bool RateController::is_noise() {
  const bool lone = last_refusal_ == kNever || replies_ - last_refusal_ >= kLoneAmong;
  last_refusal_ = replies_;
  return lone;
}

void RateController::cut(SteadyTime now) {
  const Phase before = phase_;
  const Seconds enough = std::max(kShortestMeasure, Seconds(kMeanCalls / pace_));
  if (before == Phase::searching && now - measured_from_ < enough) return;
  windowed_ = false;
  const double rate = sustained_rate(now);
  if (!within_share_ && !looking_since_) looking_since_ = now;
  // The highest rates count what a token bucket had saved; between two cuts it neither saves nor spends.
  if (options_.share < 1 && !within_share_ && now - *looking_since_ > kRecent)
    keep_within_share(accepted_rate_since(*looking_since_, now), kCutTo, now);
  else  // Few were accepted where few were sent: that is no measure of the quota.
    learn(std::max(rate, pace_ * kDeepestCut), kCutTo, now);
  if (before != Phase::doubling) return;
  phase_ = Phase::searching;
  measured_from_ = now;
}

/// What the server accepted at the most, for long enough to be its quota.
double RateController::sustained_rate(SteadyTime now) {
  const Seconds measured = now - measured_from_;
  const auto highest = [&](Seconds mean, Seconds within) {
    return history_.highest_accepted_rate(std::min(mean, measured), std::min(within, measured), now);
  };
  const Seconds enough(kMeanCalls / pace_);
  if (phase_ == Phase::searching) return highest(std::max(kMeasureMean, enough), measured);
  const Seconds last = std::max(kLast, enough);
  if (history_.refused_share_within(last, now) > kManyRefused) return highest(last, last);
  // A mean over a time in which nothing was sent would be no measure: soon after a start it is a shorter one.
  const Seconds flowed = std::max<Seconds>(now - resumed_, kShortestMean);
  const Seconds mean = std::max(std::min(kMean, flowed), enough);
  return highest(mean, std::max(kRecent, 3 * mean));
}

double RateController::accepted_rate_since(SteadyTime begin, SteadyTime now) {
  const Seconds span = std::min<Seconds>(now - begin, ReplyHistory::kSpan);
  return history_.accepted_within(span, now) / span.count();
}

void RateController::learn(double rate, double factor, SteadyTime now) {
  phase_ = Phase::settled;
  last_cut_ = now;
  start_growing(rate, factor, now);
}

/// Looking for a higher quota means to use the others' part: it is done seldom.
void RateController::keep_within_share(double quota, double factor, SteadyTime now) {
  within_share_ = true;
  quota_ = quota;
  rested_seconds_ = 0;
  looking_since_.reset();
  learn(quota * options_.share, factor, now);
}

// Holding everything.

void RateController::schedule_probe(SteadyTime now) {
  hold_->probe_sent_at.reset();
  const Seconds delay = kFirstProbe * std::exp2(std::min(hold_->probes_refused, 16));
  hold_->probe_at = after(now, std::min(delay, kLongestProbe));
}

void RateController::resume(SteadyTime now) {
  const bool long_hold = *hold_->probe_sent_at - hold_->since > kLongHold && !hold_->probe_lost;
  hold_.reset();
  refusals_in_a_row_ = 0;
  if (long_hold) {
    windowed_ = true;
    // The hold belongs to the time: so a quota per minute is found, however fast it was used up.
    const double rate = accepted_rate_since(resumed_, now);
    if (history_.accepted_within(now - resumed_, now) < kEnoughToMeasure)
      learn(pace_ * kDeepestCut, kAfterLongHold, now);
    else if (options_.share < 1 && !within_share_)
      keep_within_share(rate, kAfterLongHold, now);
    else
      learn(rate, kAfterLongHold, now);
  }
  tokens_ = 0;
  tokens_at_ = now;
  window_begin_ = now;
  window_sent_ = 0;
  last_sent_ = now;
  resumed_ = now;
}

double RateController::requests_per_second(SteadyTime) const { return pace_; }

std::optional<SteadyTime> RateController::paused_until(SteadyTime now) const {
  if (not_before_ <= now) return std::nullopt;
  return not_before_;
}

std::optional<SteadyTime> RateController::held_since() const {
  if (!hold_) return std::nullopt;
  return hold_->since;
}

std::optional<LearnedRate> RateController::learned(SteadyTime now) const {
  if (phase_ == Phase::doubling) return std::nullopt;
  const double part = within_share_ ? options_.share : 1;
  return LearnedRate{.requests_per_second = pace_ / part,
                     .peak_requests_per_second = peak_ / part,
                     .since_cut = std::chrono::floor<std::chrono::seconds>(now - last_cut_)};
}

}  // namespace couponsync
