#pragma once

#include "base/time.h"
#include "net/reply_history.h"

#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>

namespace couponsync {

/// What there is to remember for the next start, of the whole quota whatever share of it is used.
struct LearnedRate {
  double requests_per_second = 0;       ///< W
  double peak_requests_per_second = 0;  ///< Wmax
  std::chrono::seconds since_cut{0};    ///< how long ago the pace was last cut

  bool operator==(const LearnedRate&) const = default;
};

struct RateOptions {
  double max_requests_per_second = 400;
  double start_requests_per_second = 20;
  double share = 1.0;  ///< of the quota, the rest is left to the brand's other systems
  /// What an earlier run ended with, if it is known: sending starts at 0.9 of its pace. However long ago that
  /// was, it is the best guess.
  std::optional<LearnedRate> learned{};
};

/// Says when the next call may go, learning only from what became of earlier calls. The quota is one per
/// brand, for both domains together, unknown, shared with the brand's other systems, and shows itself only as
/// 429.
///
/// It paces calls at W per second. W doubles each second until the first 429 that counts, which comes too
/// late from a token bucket that had saved calls, and soon from a window. So W starts at the mean until then,
/// and grows by a quarter each second, until the next one that is far enough from the first to measure
/// between them. After that each cut takes W to 0.93 of what was accepted, and W grows back along a cubic:
/// fast at first, flat near the rate that was refused, faster again beyond it (RFC 9438 does so for TCP).
/// Two 429s in a row mean that a window's quota is used up: everything is held and single probes find out
/// when it is open again.
///
/// Every `sent` is followed by exactly one of `accepted`, `refused` and `unanswered`. Pure: no clock, no
/// sleep, no chance; `now` never goes back.
class RateController {
 public:
  RateController(RateOptions options, SteadyTime now);

  /// Goes on with other options. What the server asked for, a pause above all, holds on, and a call that has
  /// just gone counts.
  void reconfigure(RateOptions options, SteadyTime now);

  /// When the next call may be sent: `now` or earlier means at once. Moves as replies come in, so ask again
  /// after waiting.
  SteadyTime earliest_send(SteadyTime now) const;
  /// A call goes out now.
  void sent(SteadyTime now);
  /// A reply that was not a 429 came for the call sent at `sent_at`.
  void accepted(SteadyTime sent_at, SteadyTime now);
  /// A 429 came for the call sent at `sent_at`; `retry_after` as the server gave it, if it did. A minute of
  /// it is honoured: longer than any quota's window that is known, and not so long that one reply stops a
  /// brand.
  void refused(SteadyTime sent_at, SteadyTime now, std::optional<std::chrono::milliseconds> retry_after);
  /// The call sent at `sent_at` ended without any reply (lost or cancelled): a probe's place is free again.
  void unanswered(SteadyTime sent_at, SteadyTime now);

  /// Nothing before the first 429 that counts.
  std::optional<LearnedRate> learned(SteadyTime now) const;
  /// The present pace, for status and metrics; stays as it is while everything is held.
  double requests_per_second(SteadyTime now) const;
  /// The server asked that nothing be sent before then.
  std::optional<SteadyTime> paused_until(SteadyTime now) const;
  /// Since when everything is held and only single probes go, all of which were refused so far.
  std::optional<SteadyTime> held_since() const;

 private:
  using Seconds = std::chrono::duration<double>;

  /// Everything waits, and one call at a time probes.
  struct Hold {
    SteadyTime since;
    SteadyTime probe_at;
    int probes_refused = 0;
    std::optional<SteadyTime> probe_sent_at{};
    bool probe_lost = false;  ///< so the time it took says nothing about the quota
  };

  double lowest_pace() const;
  double burst() const;
  double tokens(SteadyTime now) const;
  void set_pace(double pace, SteadyTime now);

  void end_window(SteadyTime now);
  void grow(double paced_seconds, SteadyTime now);
  double ceiling() const;
  void keep_within_share(double quota, double factor, SteadyTime now);
  void start_growing(double peak, double factor, SteadyTime now);

  bool is_noise();
  void cut(SteadyTime now);
  double sustained_rate(SteadyTime now);
  void learn(double rate, double factor, SteadyTime now);
  double accepted_rate_since(SteadyTime begin, SteadyTime now);
  bool is_probe(SteadyTime sent_at) const { return hold_ && hold_->probe_sent_at == sent_at; }
  void schedule_probe(SteadyTime now);
  void resume(SteadyTime now);

  static constexpr std::uint64_t kNever = std::numeric_limits<std::uint64_t>::max();

  RateOptions options_;
  ReplyHistory history_;

  double pace_;  ///< W
  double tokens_ = 1;
  SteadyTime tokens_at_;

  SteadyTime window_begin_;  ///< calls are counted over short windows to see whether the pace is used
  int window_sent_ = 0;

  /// doubling until the first 429 that counts, searching until the next one
  enum class Phase { doubling, searching, settled };
  Phase phase_ = Phase::doubling;
  double peak_ = 0;           ///< Wmax: where the cubic is flat
  double grown_seconds_ = 0;  ///< t of the cubic
  bool windowed_ = false;     ///< the pace was learned from a long hold

  bool within_share_ = false;                ///< else the whole quota is used, or looked for
  double quota_ = 0;                         ///< of which the share is kept
  double rested_seconds_ = 0;                ///< at the share
  std::optional<SteadyTime> looking_since_;  ///< the first cut since the quota is looked for

  std::uint64_t replies_ = 0;
  std::uint64_t last_refusal_ = kNever;  ///< its place among the replies
  int refusals_in_a_row_ = 0;
  SteadyTime measured_from_;  ///< what was accepted earlier is no measure
  SteadyTime last_cut_;
  SteadyTime last_sent_;
  SteadyTime last_call_;  ///< the same, probes included
  SteadyTime resumed_;    ///< since when calls flowed without a hold or a rest
  SteadyTime not_before_;
  std::optional<Hold> hold_;
};

}  // namespace couponsync
