#pragma once

#include "base/http.h"
#include "base/time.h"

#include <array>
#include <bitset>
#include <cstddef>
#include <optional>

namespace couponsync {

/// Whether one domain may be used, judged from its last calls. It is tripped, and so avoided, after 5
/// consecutive failures, or when at least half of its last 20 calls failed and at least 10 are known, for 30
/// s. Then one call at a time tries it: a failure trips it again, the third success in a row restores it. One
/// that is tripped again within a minute after it was restored is flapping: it is avoided for 30 s times the
/// number of such trips, at most 300 s. Pure.
class DomainHealth {
 public:
  bool is_avoided(SteadyTime now) const { return tripped_ && (trying_ || now < back_at_); }
  /// Its failures have not been made up for yet: it is avoided, or tried.
  bool is_tripped() const { return tripped_; }
  /// It is tripped, and nothing but failures came from it lately. One that is tripped, but not dead, answers
  /// now and then.
  bool is_dead() const { return tripped_ && consecutive_failures_ >= kConsecutive; }
  /// It failed lately: no more calls may be out than would trip it, so that an outage costs few.
  bool is_crowded() const {
    return !tripped_ && consecutive_failures_ > 0 && out_ + consecutive_failures_ >= kConsecutive;
  }

  /// A call goes there, avoided or not.
  void chosen();
  void succeeded(SteadyTime now);
  void failed(SteadyTime now);
  /// A call that has ended was a failure after all.
  void blamed(SteadyTime now);
  /// The call ended without evidence.
  void abandoned();
  /// It works: what was before is forgotten.
  void restore(SteadyTime now);

 private:
  static constexpr int kConsecutive = 5;
  static constexpr std::size_t kRemembered = 20;

  bool judged_down() const;
  void count_failure(SteadyTime now);
  void remember(bool failed);
  void trip(SteadyTime now);

  std::bitset<kRemembered> failures_;  ///< the newest is bit 0
  std::size_t known_ = 0;
  int consecutive_failures_ = 0;
  int out_ = 0;  ///< calls that have not ended

  bool tripped_ = false;
  bool trying_ = false;  ///< a call is out that was sent although the domain is tripped
  int trips_ = 0;        ///< in quick succession
  int successes_ = 0;    ///< of tries in a row
  SteadyTime back_at_{};
  std::optional<SteadyTime> restored_at_;
};

/// Chooses the domain for a call: the primary while it works, the backup while the primary is avoided, the
/// primary again once tries showed that it is back (WeChat Pay's advice on its two sites). Every `choose` is
/// followed by exactly one of `succeeded`, `failed` and `abandoned`. On the io thread. Pure: takes `now`.
class DomainSelector {
 public:
  explicit DomainSelector(bool has_backup) : has_backup_(has_backup) {}

  /// The domain for a call sent now. `avoid` is the domain the same page just failed on: the other one is
  /// taken unless it is avoided itself. If all are avoided it is one that answers now and then; if all are
  /// dead they take turns. Such a call counts as a try. Without a backup it is always the primary.
  Domain choose(SteadyTime now, const Domain* avoid = nullptr);
  /// The domains in turn, whatever they did: for the tries while nothing works.
  Domain choose_in_turn();
  /// A reply came that is no evidence against the domain. While all are dead, one is enough to restore it.
  void succeeded(Domain domain, SteadyTime now);
  /// A failure came that is evidence against the domain (`OfDomain::is_down`).
  void failed(Domain domain, SteadyTime now);
  /// A reply that was taken for no evidence turns out to be evidence against the domain.
  void blamed(Domain domain, SteadyTime now);
  /// The call chosen for this domain ended without evidence (cancelled).
  void abandoned(Domain domain);

  /// An ordinary call would not go there now.
  bool is_avoided(Domain domain, SteadyTime now) const;
  /// It failed, and no three tries in a row have shown yet that it is back.
  bool is_tripped(Domain domain) const { return health(domain).is_tripped(); }
  /// No domain is worth an ordinary call: the caller tries, slowly.
  bool all_are_dead() const;
  bool has_backup() const { return has_backup_; }

 private:
  DomainHealth& health(Domain domain) { return health_[static_cast<std::size_t>(domain)]; }
  const DomainHealth& health(Domain domain) const { return health_[static_cast<std::size_t>(domain)]; }
  Domain pick(SteadyTime now, const Domain* avoid) const;
  bool all_are_avoided(SteadyTime now) const;
  Domain next_in_turn() const;
  Domain take(Domain domain);

  bool has_backup_;
  Domain last_chosen_ = Domain::backup;
  std::array<DomainHealth, 2> health_;
};

}  // namespace couponsync
