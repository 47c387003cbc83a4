#pragma once

#include "sandbox/api_service.h"
#include "sandbox/turnstile.h"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace couponsync::sandbox {

/// One of the API's two domains on loopback. Closes connections that are idle for long, as the real one does.
/// During an outage its port is closed and its connections are cut.
class HttpsListener {
 public:
  struct Deps {
    boost::asio::io_context& context;
    boost::asio::ssl::context& tls;
    ApiService& service;
    Turnstile& turnstile;
  };

  /// `port` 0 takes a free one. Throws boost::system::system_error.
  HttpsListener(Deps deps, std::string domain, std::uint16_t port, std::chrono::milliseconds idle_close);

  std::uint16_t port() const { return endpoint_.port(); }
  /// Opens or closes the port, as the faults in force say.
  void follow_faults();

 private:
  class Connection;

  void open();
  void close();
  boost::asio::awaitable<void> accept();

  Deps deps_;
  std::string domain_;
  std::chrono::milliseconds idle_close_;
  boost::asio::ip::tcp::endpoint endpoint_;
  boost::asio::ip::tcp::acceptor acceptor_;
  std::vector<std::weak_ptr<Connection>> connections_;
};

}  // namespace couponsync::sandbox
