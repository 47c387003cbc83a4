#include "sync/cost.h"

namespace couponsync {

RunCounters sum_of(const RunCounters& a, const RunCounters& b) {
  RunCounters sum;
  for (const auto member :
       {&RunCounters::listings_total, &RunCounters::listings_ok, &RunCounters::listings_failed,
        &RunCounters::pages, &RunCounters::requests, &RunCounters::coupons_seen, &RunCounters::inserted,
        &RunCounters::updated, &RunCounters::unchanged, &RunCounters::missing, &RunCounters::rate_limited,
        &RunCounters::retries, &RunCounters::failovers, &RunCounters::bytes})
    sum.*member = a.*member + b.*member;
  sum.seconds = a.seconds + b.seconds;
  return sum;
}

RunCounters counters_of(const PageOutcome& outcome, std::int64_t coupons) {
  return {.pages = 1,
          .coupons_seen = coupons,
          .inserted = outcome.inserted,
          .updated = outcome.updated,
          .unchanged = outcome.unchanged,
          .missing = outcome.missing};
}

}  // namespace couponsync
