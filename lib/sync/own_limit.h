#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace couponsync {

/// The refusals of one page as too fast, one after the other. A 429 is about the brand as a whole; but if
/// this page is refused again and again while most calls for others get through in between, the limit is its
/// own. Pure.
class OwnLimit {
 public:
  /// `worked` and `limited` count all calls so far that worked, and that were refused as too fast, this one
  /// included.
  void refused(std::uint64_t worked, std::uint64_t limited,
               std::optional<std::chrono::milliseconds> retry_after);

  /// `known`: it was this listing's own lately, so that less is enough.
  bool is_own(bool known) const;
  /// Nothing else was asked for meanwhile: only a witness can tell.
  bool wants_witness(bool known) const { return alone_ >= (known ? 1 : kAlone); }
  void asked_witness() { witnessed_ = true; }

 private:
  static constexpr int kAlone = 3;

  struct Counts {
    std::uint64_t worked = 0;
    std::uint64_t limited = 0;
  };
  std::optional<Counts> before_;  ///< at the last refusal
  int contradicted_ = 0;
  int contradicted_pauses_ = 0;
  bool asked_for_a_pause_ = false;
  int alone_ = 0;  ///< refusals in a row between which no other listing's call was answered unasked
  bool witnessed_ = false;
};

}  // namespace couponsync
