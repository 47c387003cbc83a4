#pragma once

#include "e2e/e2e_fixture.h"
#include "support/http_client.h"

#include <boost/json/value.hpp>

#include <csignal>
#include <map>
#include <memory>
#include <string>

namespace couponsync::test {

/// The service with `http.listen` on a unix socket.
class ServedTest : public E2eTest {
 protected:
  /// Starts the sandbox; the service is to be started.
  void prepare(std::vector<std::string> sandbox_options) {
    start_sandbox(std::move(sandbox_options));
    listen_on(address_);
  }
  void start() { service_ = start_couponsyncd("run"); }
  void stop() {
    service_->signal(SIGTERM);
    EXPECT_EQ(service_->wait().exit_code, 0) << service_->err();
  }
  void listen_on(const std::string& address) const {
    configure("http", "listen", boost::json::value(address.c_str()));
  }

  Process& service() { return *service_; }
  const std::string& address() const { return address_; }
  HttpAnswer get(const std::string& path) const { return ask(address_, path); }
  std::map<std::string, double> metrics() const { return parse_metrics(get("/metrics").body); }
  double in_mirror(const std::string& sql) const { return std::stod(query(sql)); }

 private:
  std::string address_ = "unix:" + (folder() / "http.sock").string();
  std::unique_ptr<Process> service_;
};

}  // namespace couponsync::test
