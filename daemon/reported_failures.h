#pragma once

#include "base/failure.h"
#include "base/listing_set.h"

#include <boost/unordered/unordered_flat_map.hpp>

#include <cstddef>
#include <functional>
#include <string_view>
#include <utility>

namespace couponsync::daemon {

/// Which listings are known to fail, and with what, so that each failure is told once: again only when its
/// code changes, or when the listing had been read meanwhile. Holds no openid.
class ReportedFailures {
 public:
  /// Whether it is news; from now on it is none.
  bool is_news(const ListingKey& key, const Failure& why) {
    const std::size_t code = std::hash<std::string_view>()(why.code_or_name());
    const auto [entry, is_new] = codes_.try_emplace(fingerprint_of(key), code);
    if (is_new) return true;
    return std::exchange(entry->second, code) != code;
  }
  bool is_failing(const ListingKey& key) const { return codes_.contains(fingerprint_of(key)); }
  void recovered(const ListingKey& key) {
    if (!codes_.empty()) codes_.erase(fingerprint_of(key));
  }

 private:
  boost::unordered_flat_map<Fingerprint, std::size_t> codes_;  ///< by listing
};

}  // namespace couponsync::daemon
