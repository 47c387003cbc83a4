#pragma once

#include "sandbox/api_service.h"
#include "sandbox/notifier.h"
#include "sandbox/turnstile.h"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace couponsync::sandbox {

/// Plain HTTP on loopback, through which tests and people see what was asked and decide what goes wrong. See
/// README.md.
class ControlServer {
 public:
  struct Deps {
    boost::asio::io_context& context;
    ApiService& service;
    Turnstile& turnstile;
    std::function<void()> faults_changed;
    std::function<std::string()> configuration;
    Notifier* notifier = nullptr;  ///< null: nobody is notified
  };

  ControlServer(Deps deps, std::uint16_t port);
  std::uint16_t port() const { return acceptor_.local_endpoint().port(); }

 private:
  struct Answer {
    int status = 200;
    std::string body;
  };

  boost::asio::awaitable<void> accept();
  boost::asio::awaitable<void> serve(boost::asio::ip::tcp::socket socket);
  boost::asio::awaitable<Answer> answer(std::string method, std::string target, std::string body);
  boost::asio::awaitable<Answer> wait(std::string target);
  boost::asio::awaitable<Answer> notify(std::string body);
  std::string get(std::string_view path, const std::string& target);
  std::string post(std::string_view path, const std::string& body);

  Deps deps_;
  boost::json::array changes_;
  boost::asio::ip::tcp::acceptor acceptor_;
};

}  // namespace couponsync::sandbox
