#include "net/address_order.h"

#include <algorithm>
#include <iterator>

namespace couponsync {
namespace {

using Endpoint = boost::asio::ip::tcp::endpoint;

/// Begins with the family that the resolver put first.
Addresses in_turn(const Addresses& found) {
  Addresses first;
  Addresses second;
  for (const Endpoint& address : found)
    (address.protocol() == found.front().protocol() ? first : second).push_back(address);
  Addresses mixed;
  mixed.reserve(found.size());
  for (std::size_t i = 0; i < std::max(first.size(), second.size()); ++i) {
    if (i < first.size()) mixed.push_back(first[i]);
    if (i < second.size()) mixed.push_back(second[i]);
  }
  return mixed;
}

}  // namespace

Addresses AddressOrder::apply(Addresses found) const {
  Addresses ordered = in_turn(found);
  std::ranges::stable_sort(ordered, {}, [this](const Endpoint& address) { return rank(address); });
  return ordered;
}

std::size_t AddressOrder::rank(const Endpoint& address) const {
  if (worked_ == address) return 0;
  const auto failed = std::ranges::find(failed_, address);
  if (failed == failed_.end()) return 1;
  return 2 + static_cast<std::size_t>(std::distance(failed_.begin(), failed));
}

void AddressOrder::worked(const Endpoint& address) {
  std::erase(failed_, address);
  worked_ = address;
}

void AddressOrder::failed(const Endpoint& address) {
  if (worked_ == address) worked_.reset();
  std::erase(failed_, address);
  failed_.push_back(address);
  if (failed_.size() > kRemembered) failed_.pop_front();
}

}  // namespace couponsync
