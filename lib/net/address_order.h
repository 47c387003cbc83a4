#pragma once

#include <boost/asio/ip/tcp.hpp>

#include <cstddef>
#include <deque>
#include <optional>
#include <vector>

namespace couponsync {

using Addresses = std::vector<boost::asio::ip::tcp::endpoint>;

/// What is known of one domain's addresses from connecting to them, and so the order in which they are tried:
/// the one that worked last; then those of which nothing is known, as the resolver has them but with the two
/// families in turn (RFC 8305, section 4); last those that failed, the one that failed longest ago first.
/// Only orders what a look-up found, so that no address outlives its name. Pure.
class AddressOrder {
 public:
  Addresses apply(Addresses found) const;

  /// A connection to it was made.
  void worked(const boost::asio::ip::tcp::endpoint& address);
  /// It could not be connected, or what was connected there is no use.
  void failed(const boost::asio::ip::tcp::endpoint& address);

 private:
  static constexpr std::size_t kRemembered = 64;

  /// 0 is best.
  std::size_t rank(const boost::asio::ip::tcp::endpoint& address) const;

  std::optional<boost::asio::ip::tcp::endpoint> worked_;
  std::deque<boost::asio::ip::tcp::endpoint> failed_;  ///< each once, the one that failed longest ago first
};

}  // namespace couponsync
