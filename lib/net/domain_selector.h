#pragma once

#include "base/http.h"
#include "base/time.h"

namespace couponsync {

/// Chooses the domain for a call: the primary while it works, the backup while the primary is avoided, the
/// primary again once a probe showed that it is back (WeChat Pay's advice on its two sites). Pure: takes
/// `now`.
class DomainSelector {
 public:
  explicit DomainSelector(bool has_backup);

  /// The domain for a call sent now. `avoid` is the domain the same page just failed on: the other one is
  /// taken unless it is avoided itself.
  Domain choose(SteadyTime now, const Domain* avoid = nullptr);
  /// A reply came that is no evidence against the domain.
  void succeeded(Domain domain, SteadyTime now);
  /// A failure came that is evidence against the domain (`FailureRule::against_domain`).
  void failed(Domain domain, SteadyTime now);
  /// The call chosen for this domain ended without evidence (cancelled): gives back a probe's place.
  void abandoned(Domain domain);

  bool avoided(Domain domain, SteadyTime now) const;
};

}  // namespace couponsync
