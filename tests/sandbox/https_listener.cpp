#include "sandbox/https_listener.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/serializer.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>

#include <netinet/tcp.h>
#include <sstream>
#include <sys/socket.h>
#include <utility>

namespace couponsync::sandbox {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;

constexpr auto kTuple = asio::as_tuple(asio::use_awaitable);
constexpr std::chrono::seconds kHandshake{10};
constexpr std::chrono::milliseconds kAcceptPause{20};

Request to_request(const http::request<http::string_body>& received) {
  Request request;
  request.method = std::string(received.method_string());
  request.target = std::string(received.target());
  for (const auto& field : received) request.headers.emplace_back(field.name_string(), field.value());
  request.body = received.body();
  return request;
}

http::response<http::string_body> to_response(const Reply& reply, bool keep_alive) {
  http::response<http::string_body> response{static_cast<http::status>(reply.status), 11};
  for (const auto& [name, value] : reply.headers) response.set(name, value);
  response.keep_alive(keep_alive);
  response.body() = reply.body;
  response.prepare_payload();
  return response;
}

}  // namespace

class HttpsListener::Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(HttpsListener& listener, tcp::socket socket)
      : listener_(listener), stream_(std::move(socket), listener.deps_.tls) {}

  asio::awaitable<void> serve();
  /// A TCP reset, at once.
  void cut();

 private:
  asio::awaitable<bool> serve_one(bool reused);
  /// What is written meanwhile leaves in one segment.
  void hold_back(bool held);
  asio::awaitable<void> send_part(const http::response<http::string_body>& response, std::size_t body_bytes);

  HttpsListener& listener_;
  beast::ssl_stream<beast::tcp_stream> stream_;
  beast::flat_buffer buffer_;
};

void HttpsListener::Connection::cut() {
  boost::system::error_code ignored;  // it may be gone already
  tcp::socket& socket = beast::get_lowest_layer(stream_).socket();
  socket.set_option(asio::socket_base::linger(true, 0), ignored);
  socket.close(ignored);
}

asio::awaitable<void> HttpsListener::Connection::serve() {
  const auto self = shared_from_this();
  beast::get_lowest_layer(stream_).expires_after(kHandshake);
  const auto [error] = co_await stream_.async_handshake(asio::ssl::stream_base::server, kTuple);
  if (error) co_return;
  bool reused = false;
  for (;;) {
    const bool more = co_await serve_one(reused);
    if (!more) break;
    reused = true;
  }
  boost::system::error_code ignored;
  beast::get_lowest_layer(stream_).socket().close(ignored);
}

asio::awaitable<bool> HttpsListener::Connection::serve_one(bool reused) {
  http::request_parser<http::string_body> parser;
  parser.header_limit(16'384);
  parser.body_limit(65'536);
  beast::get_lowest_layer(stream_).expires_after(listener_.idle_close_);
  const auto [error, size] = co_await http::async_read(stream_, buffer_, parser, kTuple);
  if (error) co_return false;
  beast::get_lowest_layer(stream_).expires_never();
  co_await listener_.deps_.turnstile.pass();
  const bool keep_alive = parser.get().keep_alive();
  const Reply reply = listener_.deps_.service.answer(listener_.domain_, to_request(parser.get()), reused);
  if (reply.delay_ms > 0) {
    asio::steady_timer timer(stream_.get_executor(), std::chrono::milliseconds(reply.delay_ms));
    co_await timer.async_wait(kTuple);
  }
  const http::response<http::string_body> response = to_response(reply, keep_alive);
  switch (reply.wire) {
    case Wire::close_unanswered:
      co_return false;
    case Wire::hang: {
      // Until the client goes away.
      char byte = 0;
      co_await stream_.async_read_some(asio::buffer(&byte, 1), kTuple);
      co_return false;
    }
    case Wire::reset:
      co_await send_part(response, response.body().size() / 2);
      cut();
      co_return false;
    case Wire::truncate:
      co_await send_part(response, response.body().size() / 2);
      co_return false;
    case Wire::send:
      break;
  }
  hold_back(!reply.unasked.empty());
  const auto [write_error, written] = co_await http::async_write(stream_, response, kTuple);
  for (const Reply& unasked : reply.unasked) {
    const http::response<http::string_body> more = to_response(unasked, keep_alive);
    co_await http::async_write(stream_, more, kTuple);
  }
  hold_back(false);
  co_return !write_error && keep_alive;
}

void HttpsListener::Connection::hold_back(bool held) {
  const int value = held ? 1 : 0;
  const int socket = beast::get_lowest_layer(stream_).socket().native_handle();
  setsockopt(socket, IPPROTO_TCP, TCP_CORK, &value, sizeof value);
}

asio::awaitable<void> HttpsListener::Connection::send_part(const http::response<http::string_body>& response,
                                                           std::size_t body_bytes) {
  std::ostringstream header;
  header << response.base();
  const std::string text = header.str() + response.body().substr(0, body_bytes);
  co_await asio::async_write(stream_, asio::buffer(text), kTuple);
}

HttpsListener::HttpsListener(Deps deps, std::string domain, std::uint16_t port,
                             std::chrono::milliseconds idle_close)
    : deps_(deps),
      domain_(std::move(domain)),
      idle_close_(idle_close),
      endpoint_(asio::ip::address_v4::loopback(), port),
      acceptor_(deps.context) {
  open();
}

void HttpsListener::open() {
  acceptor_.open(endpoint_.protocol());
  acceptor_.set_option(tcp::acceptor::reuse_address(true));
  acceptor_.bind(endpoint_);
  acceptor_.listen();
  endpoint_ = acceptor_.local_endpoint();
  asio::co_spawn(deps_.context, accept(), asio::detached);
}

void HttpsListener::close() {
  acceptor_.close();
  for (const auto& weak : connections_)
    if (const auto connection = weak.lock()) connection->cut();
  connections_.clear();
}

void HttpsListener::follow_faults() {
  const bool out = deps_.service.faults().is_out(domain_);
  if (out && acceptor_.is_open()) close();
  if (!out && !acceptor_.is_open()) open();
}

asio::awaitable<void> HttpsListener::accept() {
  for (;;) {
    auto [error, socket] = co_await acceptor_.async_accept(kTuple);
    if (error == asio::error::operation_aborted || !acceptor_.is_open()) co_return;
    if (error) {  // as a rule there are no descriptors left
      asio::steady_timer pause(acceptor_.get_executor(), kAcceptPause);
      co_await pause.async_wait(kTuple);
      continue;
    }
    socket.set_option(tcp::no_delay(true));
    std::erase_if(connections_, [](const auto& weak) { return weak.expired(); });
    const auto connection = std::make_shared<Connection>(*this, std::move(socket));
    connections_.push_back(connection);
    asio::co_spawn(deps_.context, connection->serve(), asio::detached);
  }
}

}  // namespace couponsync::sandbox
