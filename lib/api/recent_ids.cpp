#include "api/recent_ids.h"

#include "base/digest.h"

#include <cstring>

namespace couponsync {

bool RecentIds::is_first(std::string_view id) {
  const Digest digest = sha256(id);
  std::uint64_t hash = 0;
  std::memcpy(&hash, digest.data(), sizeof hash);
  if (!known_.insert(hash).second) return false;
  if (order_.size() < most_) {
    order_.push_back(hash);
    return true;
  }
  known_.erase(order_[oldest_]);
  order_[oldest_] = hash;
  oldest_ = (oldest_ + 1) % most_;
  return true;
}

}  // namespace couponsync
