#pragma once

#include "net/https_transport.h"
#include "support/temporary_folder.h"
#include "support/tls_test_server.h"

#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <gtest/gtest.h>

#include <exception>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace couponsync::test {

/// A coroutine that was started, and what became of it.
template <class T>
struct Call {
  std::optional<Result<T>> result;
  std::exception_ptr thrown;
  boost::asio::cancellation_signal cancel;

  bool done() const { return result || thrown; }
};

using SendCall = Call<HttpReply>;

/// Cancels from a handler on `io`: from elsewhere co_spawn would pass it on later, when `call` may be gone.
template <class T>
void abort(boost::asio::io_context& io, Call<T>& call) {
  bool emitted = false;
  boost::asio::post(io, [&] {
    call.cancel.emit(boost::asio::cancellation_type::terminal);
    emitted = true;
  });
  io.restart();
  while (!emitted) io.run_one();
}

/// It threw operation_aborted.
bool was_aborted(std::exception_ptr thrown);

/// Client and servers take turns on one io_context, in one thread.
class TransportTest : public testing::Test {
 protected:
  static const TestCa& ca();
  /// In the test's own folder.
  std::filesystem::path write_file(std::string_view name, std::string_view text) const;

  /// A new server; it lives to the end of the test.
  TlsTestServer* serve(const CertificateSpec& spec = {}, std::string address = "127.0.0.1",
                       int newest_tls_version = 0);
  /// Trusts `ca()`; every name leads to 127.0.0.1.
  HttpsTransportOptions options_for(HttpsEndpoint primary) const;

  void run_until(const std::function<bool()>& condition);
  /// A port of 127.0.0.1 that nobody listens on.
  unsigned short unused_port();
  std::unique_ptr<SendCall> start(Transport& transport, Domain domain = Domain::primary,
                                  HttpRequest request = {"/v3/coupons?limit=50", {}});
  /// To its end; an exception comes through.
  Result<HttpReply> send(Transport& transport, Domain domain = Domain::primary,
                         HttpRequest request = {"/v3/coupons?limit=50", {}});
  /// The failure's kind; a reply is a test failure.
  Failure failure_of(Transport& transport);

  TemporaryFolder folder_;
  boost::asio::io_context io_{1};
  std::vector<std::unique_ptr<TlsTestServer>> servers_;
  TlsTestServer* server_ = nullptr;
};

}  // namespace couponsync::test
