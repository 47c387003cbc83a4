#pragma once

#include "base/time.h"

#include <array>
#include <chrono>
#include <optional>

namespace couponsync {

/// How single tries follow each other while everything else is held back.
struct TryTempo {
  std::chrono::seconds first{0};                ///< from the beginning to the first one
  std::array<std::chrono::seconds, 2> early{};  ///< at least, from the first and the second, if they failed
  std::chrono::seconds every{60};               ///< from any other, and from one that stays unanswered
  std::chrono::seconds undecided{0};            ///< from the end of one that showed nothing
  int most_out = 1;                             ///< one that stays unanswered holds back no more than that
};

/// When the next try may go. Pure: takes `now`.
class Tries {
 public:
  explicit Tries(const TryTempo& tempo) : tempo_(tempo) {}

  bool under_way() const { return since_.has_value(); }
  std::optional<SteadyTime> since() const { return since_; }

  /// What went before is forgotten, what is still out of it as well; the first one goes at `first_at`.
  void begin(SteadyTime now, SteadyTime first_at);
  void end() { since_.reset(); }
  /// The next one need not wait any more.
  void hurry(SteadyTime now);

  /// When the next one may go; nothing while as many are out as may be: one has to end first.
  std::optional<SteadyTime> next_at() const;
  /// Gives the try's number, from 0.
  int one_begins(SteadyTime now);
  enum class End { failed, undecided };
  void one_ends(End end, SteadyTime now);

 private:
  TryTempo tempo_;
  std::optional<SteadyTime> since_;
  SteadyTime next_at_{};
  SteadyTime last_at_{};
  int begun_ = 0;
  int out_ = 0;
};

}  // namespace couponsync
