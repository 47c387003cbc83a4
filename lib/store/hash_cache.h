#pragma once

#include "base/digest.h"

#include <optional>
#include <string>
#include <unordered_map>

namespace couponsync {

/// The content hashes of rows that come again with every coupon, so that a known one costs no look into the
/// database. What a transaction that was taken back put in must go: `clear` then.
class HashCache {
 public:
  /// `load` gives the stored hash, if there is such a row.
  template <class Load>
  bool holds(const std::string& id, const Digest& hash, Load load) {
    auto found = hashes_.find(id);
    if (found == hashes_.end()) {
      const std::optional<Digest> stored = load();
      if (!stored) return false;
      found = hashes_.emplace(id, *stored).first;
    }
    return found->second == hash;
  }
  void put(const std::string& id, const Digest& hash) { hashes_.insert_or_assign(id, hash); }
  void clear() { hashes_.clear(); }

 private:
  std::unordered_map<std::string, Digest> hashes_;
};

}  // namespace couponsync
