#include "sync/freshness/request_budget.h"

#include <algorithm>
#include <cmath>

namespace couponsync {
namespace {

constexpr double kKept = 2 * kDaySeconds;
/// The logarithm of the price falls by so much from the empty bank to the full one.
constexpr double kPriceSlope = 2;
/// And drifts by so much a day, times the distance from half full.
constexpr double kDailyDrift = 0.5;
constexpr double kMostDrift = 6;
/// A pause longer than that is an outage: the price learns nothing from it.
constexpr double kLongestStep = 60;

}  // namespace

double RequestBudget::depth() const { return is_elastic() ? std::max(1.0, kKept * terms_.mean) : 1; }

void RequestBudget::set(const Terms& terms, Moment now) {
  settle(now);
  terms_ = terms;
  terms_.peak = std::max(terms.peak, terms.mean);
  saved_ = std::min(saved_, depth());
}

void RequestBudget::settle(Moment now) {
  if (now <= updated_) return;
  const double seconds = updated_ == 0 ? 0 : now - updated_;
  updated_ = now;
  drift_ -= std::min(seconds, kLongestStep) * level() * kDailyDrift / kDaySeconds;
  drift_ = std::clamp(drift_, -kMostDrift, kMostDrift);
  saved_ = std::min(depth(), saved_ + seconds * terms_.mean);
  pace_ = std::min(1.0, pace_ + seconds * terms_.peak);
}

Moment RequestBudget::next_request(Moment now) const {
  const double by_bank = std::max(0.0, 1 - saved_) / terms_.mean;
  const double by_peak = std::max(0.0, 1 - pace_) / terms_.peak;
  const double wait = std::max(by_bank, by_peak);
  return wait > 1e-9 ? now + wait : now;
}

void RequestBudget::spend(double requests) {
  saved_ = std::min(depth(), saved_ - requests);
  pace_ = std::min(1.0, pace_ - requests);
}

void RequestBudget::spend_due(double requests) {
  saved_ = std::max(std::min(saved_, 0.0), saved_ - requests);
  pace_ = std::max(std::min(pace_, 0.0), pace_ - requests);
}

double RequestBudget::price(double balanced) const {
  return balanced * std::exp(drift_ - kPriceSlope * level());
}

bool RequestBudget::is_full() const { return saved_ >= depth() - 1; }

}  // namespace couponsync
