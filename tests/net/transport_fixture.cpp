#include "net/transport_fixture.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>

#include <charconv>
#include <fstream>

namespace couponsync::test {

namespace asio = boost::asio;

bool was_aborted(std::exception_ptr thrown) {
  if (!thrown) return false;
  try {
    std::rethrow_exception(thrown);
  } catch (const boost::system::system_error& error) {
    return error.code() == asio::error::operation_aborted;
  }
}

const TestCa& TransportTest::ca() {
  static const TestCa ca;
  return ca;
}

std::filesystem::path TransportTest::write_file(std::string_view name, std::string_view text) const {
  std::filesystem::path path = folder_.path() / name;
  std::ofstream(path) << text;
  return path;
}

TlsTestServer* TransportTest::serve(const CertificateSpec& spec, std::string address,
                                    int newest_tls_version) {
  TlsTestServer::Options options;
  options.certificate = ca().issue(spec);
  options.address = std::move(address);
  options.newest_tls_version = newest_tls_version;
  return servers_.emplace_back(std::make_unique<TlsTestServer>(io_, options)).get();
}

HttpsTransportOptions TransportTest::options_for(HttpsEndpoint primary) const {
  HttpsTransportOptions options;
  options.primary = std::move(primary);
  options.ca_file = write_file("ca.pem", ca().pem());
  options.lookup = [](const HttpsEndpoint& endpoint) -> Result<Addresses> {
    unsigned short port = 0;
    std::from_chars(endpoint.port.data(), endpoint.port.data() + endpoint.port.size(), port);
    return Addresses{{asio::ip::address_v4::loopback(), port}};
  };
  return options;
}

void TransportTest::run_until(const std::function<bool()>& condition) {
  io_.restart();
  while (!condition())
    if (io_.run_one() == 0) throw std::logic_error("nothing more happens, and the test waits for it");
}

unsigned short TransportTest::unused_port() {
  const asio::ip::tcp::acceptor closed(io_, {asio::ip::address_v4::loopback(), 0});
  return closed.local_endpoint().port();
}

std::unique_ptr<SendCall> TransportTest::start(Transport& transport, Domain domain, HttpRequest request) {
  auto call = std::make_unique<SendCall>();
  const auto finish = [&call = *call](std::exception_ptr thrown, Result<HttpReply> reply) {
    call.thrown = thrown;
    if (!thrown) call.result = std::move(reply);
  };
  // In a handler, co_spawn runs the coroutine at once: Boost 1.81 throws out of io_context::run if one is
  // cancelled before it began.
  bool started = false;
  asio::post(io_, [&] {
    asio::co_spawn(io_, transport.send(domain, std::move(request)),
                   asio::bind_cancellation_slot(call->cancel.slot(), finish));
    started = true;
  });
  run_until([&] { return started; });
  return call;
}

Result<HttpReply> TransportTest::send(Transport& transport, Domain domain, HttpRequest request) {
  const auto call = start(transport, domain, std::move(request));
  run_until([&] { return call->done(); });
  if (call->thrown) std::rethrow_exception(call->thrown);
  return *call->result;
}

Failure TransportTest::failure_of(Transport& transport) {
  const Result<HttpReply> reply = send(transport);
  if (reply) throw std::logic_error("a reply came where a failure was to come");
  return reply.error();
}

}  // namespace couponsync::test
