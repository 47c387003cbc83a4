#pragma once

#include "http/http_server.h"
#include "support/http_client.h"
#include "support/temporary_folder.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <string>
#include <thread>

namespace couponsync::daemon::test {

/// A server on a thread of its own, asked by blocking clients from the test's.
class HttpServerTest : public testing::Test {
 protected:
  ~HttpServerTest() override {
    on_io([this] { server_.reset(); });
    work_.reset();
    thread_.join();
  }

  void start(HttpServerOptions options = {}, const std::string& address = "127.0.0.1:0") {
    on_io([&] {
      server_ = std::make_unique<HttpServer>(context_.get_executor(), address, page, options);
      address_ = address.starts_with("unix:") ? address : "127.0.0.1:" + std::to_string(server_->port());
    });
  }
  /// What was answered to these bytes.
  couponsync::test::HttpAnswer answer_to(const std::string& request) {
    couponsync::test::HttpClient client(address_);
    client.send(request);
    return couponsync::test::parse_http_answer(client.receive_all());
  }
  couponsync::test::HttpAnswer get(const std::string& path) { return couponsync::test::ask(address_, path); }
  std::size_t connections() {
    std::size_t count = 0;
    on_io([&] { count = server_->connections(); });
    return count;
  }
  void stop() {
    on_io([this] { server_.reset(); });
  }
  /// Runs it on the io thread, and throws what it throws.
  template <class F>
  void on_io(F work) {
    std::packaged_task<void()> task(std::move(work));
    auto done = task.get_future();
    boost::asio::post(context_, [&task] { task(); });
    done.get();
  }

  const std::string& address() const { return address_; }
  const std::filesystem::path& folder() const { return folder_.path(); }

 private:
  static Task<WebPage> page(WebRequest request);

  couponsync::test::TemporaryFolder folder_;
  boost::asio::io_context context_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{context_.get_executor()};
  std::thread thread_{[this] { context_.run(); }};
  std::unique_ptr<HttpServer> server_;
  std::string address_;
};

}  // namespace couponsync::daemon::test
