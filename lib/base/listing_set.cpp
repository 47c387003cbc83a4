#include "base/listing_set.h"

#include "base/digest.h"

#include <algorithm>
#include <cstring>
#include <initializer_list>
#include <limits>
#include <stdexcept>
#include <utility>

namespace couponsync {
namespace {

template <class Small>
Small require_fits(std::size_t value, const char* what) {
  if (value > std::numeric_limits<Small>::max())
    throw std::length_error(std::string("too many or too long ") + what);
  return static_cast<Small>(value);
}

Fingerprint fingerprint_of(std::initializer_list<std::string_view> parts) {
  std::string text;
  // None of the parts can hold a line's end.
  for (const std::string_view part : parts) {
    text += part;
    text += '\n';
  }
  const Digest digest = sha256(text);
  Fingerprint fingerprint;
  std::memcpy(fingerprint.data(), digest.data(), sizeof fingerprint);
  return fingerprint;
}

Fingerprint fingerprint_of(const ListingKey& filter, std::string_view openid) {
  return fingerprint_of(
      {filter.appid, openid, filter.product_coupon_id, filter.stock_id, filter.coupon_state});
}

}  // namespace

Fingerprint fingerprint_of(const ListingKey& key) { return fingerprint_of(key, key.openid.reveal()); }

std::size_t ListingSet::add_filter(std::string appid, std::string product_coupon_id, std::string stock_id,
                                   std::string coupon_state) {
  filters_.push_back({.appid = std::move(appid),
                      .openid = {},
                      .product_coupon_id = std::move(product_coupon_id),
                      .stock_id = std::move(stock_id),
                      .coupon_state = std::move(coupon_state)});
  return filters_.size() - 1;
}

std::size_t ListingSet::add_openid(std::string_view openid) {
  const std::size_t place = openids_.size();
  openids_ += static_cast<char>(require_fits<std::uint8_t>(openid.size(), "openids"));
  openids_ += openid;
  return place;
}

void ListingSet::add(std::size_t filter, std::size_t openid) {
  entries_.push_back({.openid = require_fits<std::uint32_t>(openid, "openids"),
                      .filter = require_fits<std::uint16_t>(filter, "watchlist groups")});
}

std::size_t ListingSet::seal() {
  by_fingerprint_.clear();
  by_fingerprint_.reserve(entries_.size());
  for (std::size_t i = 0; i < entries_.size(); ++i)
    by_fingerprint_.push_back({fingerprint_of(filters_[entries_[i].filter], openid_of(i)),
                               require_fits<std::uint32_t>(i, "listings")});
  std::ranges::sort(by_fingerprint_);
  // The first of equal ones stays, and what stays keeps its order.
  std::vector<bool> is_again(entries_.size());
  for (std::size_t i = 1; i < by_fingerprint_.size(); ++i)
    is_again[by_fingerprint_[i].index] = by_fingerprint_[i].fingerprint == by_fingerprint_[i - 1].fingerprint;
  std::vector<std::uint32_t> new_index(entries_.size());
  std::size_t kept = 0;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    if (is_again[i]) continue;
    new_index[i] = static_cast<std::uint32_t>(kept);
    entries_[kept++] = entries_[i];
  }
  const std::size_t again = entries_.size() - kept;
  entries_.resize(kept);
  std::erase_if(by_fingerprint_, [&](const Indexed& entry) { return is_again[entry.index]; });
  for (Indexed& entry : by_fingerprint_) entry.index = new_index[entry.index];
  entries_.shrink_to_fit();
  by_fingerprint_.shrink_to_fit();
  openids_.shrink_to_fit();
  return again;
}

ListingKey ListingSet::operator[](std::size_t index) const {
  ListingKey key = filters_[entries_[index].filter];
  key.openid = Openid(std::string(openid_of(index)));
  return key;
}

Fingerprint ListingSet::user_of(std::size_t index) const {
  return fingerprint_of({filters_[entries_[index].filter].appid, openid_of(index)});
}

std::string_view ListingSet::openid_of(std::size_t index) const {
  const std::size_t place = entries_[index].openid;
  return std::string_view(openids_).substr(place + 1, static_cast<unsigned char>(openids_[place]));
}

}  // namespace couponsync
