#pragma once

#include "base/http.h"
#include "base/time.h"

#include <array>
#include <bitset>
#include <cstddef>

namespace couponsync {

/// Whether one domain may be used, judged from its last calls. It opens (is avoided) after 5 consecutive
/// failures, or when at least half of its last 20 calls failed and at least 10 are known, for 30 s times the
/// number of consecutive openings, at most 300 s. Then one call at a time tries it: a failure opens it again,
/// the third success in a row closes it. Pure.
class DomainHealth {
 public:
  bool avoided(SteadyTime now) const { return open_ && (trying_ || now < back_at_); }
  /// When it may be tried again; only while it is open.
  SteadyTime back_at() const { return back_at_; }

  /// A call goes there, avoided or not.
  void chosen() { trying_ = open_; }
  void succeeded();
  void failed(SteadyTime now);
  void abandoned() { trying_ = false; }

 private:
  static constexpr std::size_t kRemembered = 20;

  bool judged_down() const;
  void remember(bool failed);
  void open(SteadyTime now);
  void close();

  std::bitset<kRemembered> failures_;  ///< the newest is bit 0
  std::size_t known_ = 0;
  int consecutive_failures_ = 0;

  bool open_ = false;
  bool trying_ = false;  ///< a call is out that was sent although the domain is open
  int openings_ = 0;     ///< since it was last closed
  int successes_ = 0;    ///< of tries in a row
  SteadyTime back_at_{};
};

/// Chooses the domain for a call: the primary while it works, the backup while the primary is avoided, the
/// primary again once tries showed that it is back (WeChat Pay's advice on its two sites). Every `choose` is
/// followed by exactly one of `succeeded`, `failed` and `abandoned`. On the io thread. Pure: takes `now`.
class DomainSelector {
 public:
  explicit DomainSelector(bool has_backup) : has_backup_(has_backup) {}

  /// The domain for a call sent now. `avoid` is the domain the same page just failed on: the other one is
  /// taken unless it is avoided itself. If both are avoided it is the one that comes back first, which
  /// `avoided` then still tells: the caller goes slowly. Such a call counts as a try. Without a backup it is
  /// always the primary.
  Domain choose(SteadyTime now, const Domain* avoid = nullptr);
  /// A reply came that is no evidence against the domain.
  void succeeded(Domain domain, SteadyTime now);
  /// A failure came that is evidence against the domain (`FailureRule::against_domain`).
  void failed(Domain domain, SteadyTime now);
  /// The call chosen for this domain ended without evidence (cancelled): gives back a try's place.
  void abandoned(Domain domain);

  /// An ordinary call would not go there now. Never so without a backup.
  bool avoided(Domain domain, SteadyTime now) const;
  bool has_backup() const { return has_backup_; }

 private:
  DomainHealth& health(Domain domain) { return health_[static_cast<std::size_t>(domain)]; }
  const DomainHealth& health(Domain domain) const { return health_[static_cast<std::size_t>(domain)]; }
  Domain pick(SteadyTime now, const Domain* avoid) const;

  bool has_backup_;
  std::array<DomainHealth, 2> health_;
};

}  // namespace couponsync
