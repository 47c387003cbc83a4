#pragma once

#include "base/time.h"

#include <optional>

namespace couponsync {

/// The refusals of one page as too fast, one after the other. A 429 is about the brand as a whole; but if
/// this page is refused again and again, each time after a call for another listing was let through that had
/// been sent later, the limit is its own. Pure.
class OwnLimit {
 public:
  /// `others_work`, `others_answered`: since the call for this page before this one, of calls for others.
  void refused(SteadyTime sent_at, bool others_work, bool others_answered);
  /// When the last refused call was sent.
  std::optional<SteadyTime> last_sent_at() const { return last_sent_at_; }

  /// `known`: it was this listing's own lately, so that less is enough.
  bool is_own(bool known) const;
  /// Nothing else was asked for meanwhile: only a witness can tell.
  bool wants_witness() const { return alone_ >= kAlone; }
  void asked_witness() { witnessed_ = true; }

 private:
  static constexpr int kAlone = 3;

  std::optional<SteadyTime> first_sent_at_;
  std::optional<SteadyTime> last_sent_at_;
  int contradicted_ = 0;
  int alone_ = 0;  ///< refusals in a row between which no other listing's call was answered unasked
  bool witnessed_ = false;
};

}  // namespace couponsync
