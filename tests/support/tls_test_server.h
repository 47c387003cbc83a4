#pragma once

#include "base/task.h"
#include "net/endpoint.h"
#include "support/tls_test_certificates.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>

#include <cstddef>
#include <deque>
#include <string>
#include <vector>

namespace couponsync::test {

/// What a server does with a new connection.
enum class Greeting { handshake, hang, close, plain_text };

/// What it does after an answer: waits for the next request, says nothing more until the peer leaves, closes
/// TCP only, or says goodbye by TLS first.
enum class Then { next_request, hang, close, goodbye, drip };

/// The answer to one request: these bytes, in pieces of `piece` if that is not 0, each its own TLS record;
/// and then `more`, as a record of its own that leaves in one segment with the last one. Then::drip goes on
/// with `drop` every few milliseconds until the peer leaves.
struct Answer {
  std::string bytes{};
  Then then = Then::next_request;
  std::size_t piece = 0;
  std::string more{};
  std::string drop = "x";
};

/// A reply with this body and its length.
std::string http_reply(std::string_view body, std::string_view more_headers = {},
                       std::string_view status = "200 OK");

/// An HTTPS server that does as it is told, on the test's own io_context; outlives the last run of that.
class TlsTestServer {
 public:
  struct Options {
    Certificate certificate;
    std::string address = "127.0.0.1";
    int newest_tls_version = 0;  ///< such as TLS1_1_VERSION; 0 is OpenSSL's own
  };

  TlsTestServer(boost::asio::io_context& io, const Options& options);
  TlsTestServer(const TlsTestServer&) = delete;
  TlsTestServer& operator=(const TlsTestServer&) = delete;

  /// Reaches it under its address or another host name.
  HttpsEndpoint endpoint() const { return endpoint(address_); }
  HttpsEndpoint endpoint(std::string host) const { return {std::move(host), std::to_string(port())}; }
  unsigned short port() const { return acceptor_.local_endpoint().port(); }

  /// Says this to each connection that waits for a request; `unasked` counts when it is said.
  void say_unasked(const std::string& bytes);

  Greeting greeting = Greeting::handshake;
  /// One for each request; the last one is repeated.
  std::deque<Answer> answers{Answer{http_reply("{}")}};

  int connections = 0;
  int closed_by_peer = 0;               ///< while the server waited for it
  int unasked = 0;                      ///< sayings that have left
  std::vector<std::string> requests;    ///< as received, up to the empty line
  std::vector<std::string> peer_names;  ///< SNI of each handshake, "" without one

 private:
  using Stream = boost::asio::ssl::stream<boost::asio::ip::tcp::socket>;

  Task<> accept();
  Task<> greet(boost::asio::ip::tcp::socket socket);
  Task<> converse(Stream& stream);
  Task<bool> answer(Stream& stream, Answer answer);
  Task<bool> write(Stream& stream, std::string_view bytes);
  template <class AnyStream>
  Task<> hang(AnyStream& stream);
  Task<> drip(Stream& stream, std::string drop);
  Task<> say(Stream& stream, std::string bytes);
  Answer next_answer();

  std::vector<Stream*> waiting_;  ///< for a request
  std::string address_;
  boost::asio::ssl::context tls_;
  boost::asio::ip::tcp::acceptor acceptor_;
};

}  // namespace couponsync::test
