#pragma once

#include "base/coupon.h"

#include <vector>

namespace couponsync {

/// Which of a page's entries count: where it shows a coupon twice, the last one.
std::vector<bool> last_of_each(const std::vector<Coupon>& coupons);

}  // namespace couponsync
