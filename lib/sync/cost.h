#pragma once

#include "store/records.h"

#include <cstdint>

namespace couponsync {

/// What two of them tell together.
RunCounters sum_of(const RunCounters& a, const RunCounters& b);

/// What a page of so many coupons adds that was stored with that outcome.
RunCounters counters_of(const PageOutcome& outcome, std::int64_t coupons);

}  // namespace couponsync
