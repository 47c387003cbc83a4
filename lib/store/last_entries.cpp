#include "store/last_entries.h"

#include <cstddef>
#include <string>
#include <unordered_map>

namespace couponsync {

std::vector<bool> last_of_each(const std::vector<Coupon>& coupons) {
  std::vector<bool> is_last(coupons.size(), true);
  std::unordered_map<std::string, std::size_t> places;
  for (std::size_t i = 0; i < coupons.size(); ++i) {
    const std::string key = coupons[i].stock_id + '\n' + coupons[i].coupon_code.reveal();
    const auto [found, is_new] = places.try_emplace(key, i);
    if (is_new) continue;
    is_last[found->second] = false;
    found->second = i;
  }
  return is_last;
}

}  // namespace couponsync
