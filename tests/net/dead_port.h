#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

namespace couponsync::test {

/// A port of 127.0.0.1 that never answers, as behind a firewall: its queue of waiting connections is full,
/// and Linux ignores further ones then.
class DeadPort {
 public:
  explicit DeadPort(boost::asio::io_context& io) : full_(io), filler_(io) {
    using boost::asio::ip::tcp;
    full_.open(tcp::v4());
    full_.bind({boost::asio::ip::address_v4::loopback(), 0});
    full_.listen(0);
    filler_.connect(full_.local_endpoint());
  }

  boost::asio::ip::tcp::endpoint endpoint() const { return full_.local_endpoint(); }

 private:
  boost::asio::ip::tcp::acceptor full_;
  boost::asio::ip::tcp::socket filler_;
};

}  // namespace couponsync::test
