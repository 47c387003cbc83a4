#pragma once

#include "sync/freshness/moment.h"

namespace couponsync {

/// How many requests may be sent now. Steady: never faster than the mean. Elastic: what was not needed is
/// kept, two days of it at most, and spent faster, at a price that rises as the bank empties. Pure.
class RequestBudget {
 public:
  /// Requests a second.
  struct Terms {
    double mean = 1;
    double peak = 1;  ///< the same as the mean: steady
  };

  /// What was saved stays, as far as the new bank holds it.
  void set(const Terms& terms, Moment now);
  const Terms& terms() const { return terms_; }
  bool is_elastic() const { return terms_.peak > terms_.mean; }

  void settle(Moment now);
  /// When the next request may be sent: by the peak, and by what is in the bank.
  Moment next_request(Moment now) const;
  /// Requests that the policy chose; negative gives back.
  void spend(double requests);
  /// Requests that were due whatever they cost: they use up what is saved and make no debt.
  void spend_due(double requests);
  /// What one request must be worth: `balanced` where a bank half full just lasts.
  double price(double balanced) const;
  /// Nothing can be saved any more: a request costs nothing.
  bool is_full() const;
  double saved() const { return saved_; }

 private:
  double depth() const;
  double level() const { return saved_ / depth() - 0.5; }

  Terms terms_;
  Moment updated_ = 0;
  double saved_ = 0;
  double pace_ = 1;  ///< what the peak allows at this moment
  double drift_ = 0;
};

}  // namespace couponsync
