#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace couponsync {

/// After a pause of so long that was asked for there is room for everybody. Shorter ones show nothing.
inline constexpr std::chrono::seconds kTellingPause{3};

/// The refusals of one page as too fast, one after the other. A 429 is about the brand as a whole; but if
/// this page is refused again and again while most calls for others get through in between, or all of the
/// witnesses that were asked do, the limit is its own. Pure.
class OwnLimit {
 public:
  /// `worked` and `limited` count all calls so far that worked, and that were refused as too fast, this one
  /// included.
  void refused(std::uint64_t worked, std::uint64_t limited,
               std::optional<std::chrono::milliseconds> retry_after);

  /// `known`: it was this listing's own lately, so that less is enough.
  bool is_own(bool known) const;
  /// The chance with which to ask a witness now: what others met since its last refusal tells nothing, since
  /// none were asked for, or such as have a limit of their own as well. Never in a rhythm that a quota's
  /// window could have, too. `works`: something got through just before.
  double witness_chance(bool known, bool works) const;
  /// A witness works, and this page does not: what is said to it is not said to everybody.
  bool is_doubtful() const { return witness_worked_ || contradicting_witnesses_ > 0; }
  /// Only one that works since this page was refused tells anything; one that is refused takes it all back.
  void asked_witness(bool worked);

 private:
  struct Counts {
    std::uint64_t worked = 0;
    std::uint64_t limited = 0;
  };
  std::optional<Counts> before_;  ///< at the last refusal
  int refusals_ = 0;
  bool is_contradicted_ = false;  ///< the last one
  bool others_limited_ = false;   ///< before the last one
  int contradicted_ = 0;
  int contradicted_pauses_ = 0;
  bool asked_for_a_pause_ = false;
  bool witness_worked_ = false;      ///< since the last refusal
  int contradicting_witnesses_ = 0;  ///< in a row
};

}  // namespace couponsync
