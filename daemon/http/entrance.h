#pragma once

#include "base/env.h"
#include "http/http_server.h"

#include <boost/asio/any_io_executor.hpp>
#include <spdlog/logger.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>

namespace couponsync::daemon {

/// Serves pages at an address for as long as the service lives. An address that cannot be had (another
/// process has the port, the folder is not there) is no reason not to mirror coupons: it says so in the log
/// and tries again, first after a second, then later and later, once a minute at least; meanwhile what was
/// served before goes on being served. On the io thread.
class HttpEntrance {
 public:
  static constexpr std::chrono::seconds kFirstPause{1};
  static constexpr std::chrono::seconds kLongestPause{60};

  /// `env` and what `pages` uses outlive it.
  HttpEntrance(const boost::asio::any_io_executor& executor, Env& env, HttpServer::Pages pages,
               std::shared_ptr<spdlog::logger> log, HttpServerOptions options = {});
  /// Closes everything.
  ~HttpEntrance();
  HttpEntrance(const HttpEntrance&) = delete;
  HttpEntrance& operator=(const HttpEntrance&) = delete;

  /// Serves there from now on, and no more where it did before; nowhere if there is no address.
  void serve_at(const std::optional<std::string>& address);
  /// Why it is not served where it should be, one line; empty: it is.
  std::string obstacle() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace couponsync::daemon
