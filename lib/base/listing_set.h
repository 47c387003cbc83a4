#pragma once

#include "base/listing.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace couponsync {

/// Tells listings apart without their texts: half of a SHA-256, so that no two have the same.
using Fingerprint = std::array<std::uint64_t, 2>;
Fingerprint fingerprint_of(const ListingKey& key);

/// Many listings, each once, in the order in which they were added, at few bytes each: a million users fit
/// into some 60 MB. Complete once it is sealed, and then read from any thread.
class ListingSet {
 public:
  /// What a listing is narrowed by, and its appid: shared by many. Gives its number.
  std::size_t add_filter(std::string appid, std::string product_coupon_id, std::string stock_id,
                         std::string coupon_state);
  /// An openid, for listings of several filters. Gives its place.
  std::size_t add_openid(std::string_view openid);
  /// At most 65,535 filters, openids of 255 bytes, and 4 GiB of them; throws std::length_error beyond.
  void add(std::size_t filter, std::size_t openid);
  /// Drops what was added again, and gives how often that was.
  std::size_t seal();

  /// Without an openid, each as often as it was added.
  const std::vector<ListingKey>& filters() const { return filters_; }
  std::size_t size() const { return entries_.size(); }
  bool empty() const { return entries_.empty(); }
  ListingKey operator[](std::size_t index) const;
  std::string_view openid_of(std::size_t index) const;
  /// Of the listing's user: one openid with two appids is two users.
  Fingerprint user_of(std::size_t index) const;

  struct Indexed {
    Fingerprint fingerprint{};
    std::uint32_t index = 0;
    auto operator<=>(const Indexed&) const = default;
  };
  /// All of them, in the order of their fingerprints.
  const std::vector<Indexed>& by_fingerprint() const { return by_fingerprint_; }

 private:
  struct Entry {
    std::uint32_t openid = 0;  ///< where its length is
    std::uint16_t filter = 0;
  };

  std::vector<ListingKey> filters_;
  std::string openids_;  ///< each behind a byte that tells its length
  std::vector<Entry> entries_;
  std::vector<Indexed> by_fingerprint_;
};

}  // namespace couponsync
