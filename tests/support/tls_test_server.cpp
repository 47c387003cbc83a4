#include "support/tls_test_server.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <openssl/ssl.h>

#include <array>
#include <chrono>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <utility>

namespace couponsync::test {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

/// What is written meanwhile leaves in one segment, as far as it fits.
void hold_back(tcp::socket& socket, bool held) {
  const int value = held ? 1 : 0;
  setsockopt(socket.native_handle(), IPPROTO_TCP, TCP_CORK, &value, sizeof value);
}

}  // namespace

std::string http_reply(std::string_view body, std::string_view more_headers, std::string_view status) {
  std::string text = "HTTP/1.1 ";
  text.append(status).append("\r\n").append(more_headers);
  text.append("Content-Length: ").append(std::to_string(body.size())).append("\r\n\r\n").append(body);
  return text;
}

TlsTestServer::TlsTestServer(asio::io_context& io, const Options& options)
    : address_(options.address),
      tls_(asio::ssl::context::tls_server),
      acceptor_(io, tcp::endpoint(asio::ip::make_address(options.address), 0)) {
  // The client is to be the one who refuses what is weak.
  SSL_CTX_set_security_level(tls_.native_handle(), 0);
  SSL_CTX_set_min_proto_version(tls_.native_handle(), 0);
  SSL_CTX_set_max_proto_version(tls_.native_handle(), options.newest_tls_version);
  tls_.use_certificate_chain(asio::buffer(options.certificate.pem));
  tls_.use_private_key(asio::buffer(options.certificate.key_pem), asio::ssl::context::pem);
  asio::co_spawn(io, accept(), asio::detached);
}

Task<> TlsTestServer::accept() {
  error_code ec;
  auto token = asio::redirect_error(asio::use_awaitable, ec);
  asio::steady_timer pause(acceptor_.get_executor());
  while (true) {
    tcp::socket socket = co_await acceptor_.async_accept(token);
    if (ec) {  // a test has left no descriptors
      pause.expires_after(std::chrono::milliseconds(2));
      co_await pause.async_wait(asio::use_awaitable);
      continue;
    }
    ++connections;
    socket.set_option(tcp::no_delay(true));
    const auto executor = socket.get_executor();
    asio::co_spawn(executor, greet(std::move(socket)), asio::detached);
  }
}

Task<> TlsTestServer::greet(tcp::socket socket) {
  error_code ec;
  auto token = asio::redirect_error(asio::use_awaitable, ec);
  switch (greeting) {
    case Greeting::close:
      co_return;
    case Greeting::hang:
      co_await hang(socket);
      co_return;
    case Greeting::plain_text: {
      static constexpr std::string_view kText = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";
      const auto bytes = asio::buffer(kText);
      co_await asio::async_write(socket, bytes, token);
      co_await hang(socket);
      co_return;
    }
    case Greeting::handshake:
      break;
  }
  Stream stream(std::move(socket), tls_);
  co_await stream.async_handshake(asio::ssl::stream_base::server, token);
  const char* name = SSL_get_servername(stream.native_handle(), TLSEXT_NAMETYPE_host_name);
  peer_names.emplace_back(name != nullptr ? name : "");
  if (ec) co_return;
  co_await converse(stream);
}

Task<> TlsTestServer::converse(Stream& stream) {
  std::string received;
  error_code ec;
  auto token = asio::redirect_error(asio::use_awaitable, ec);
  while (true) {
    auto buffer = asio::dynamic_buffer(received);
    waiting_.push_back(&stream);
    const std::size_t size = co_await asio::async_read_until(stream, buffer, "\r\n\r\n", token);
    std::erase(waiting_, &stream);
    if (ec) {
      ++closed_by_peer;
      co_return;
    }
    requests.push_back(received.substr(0, size));
    received.erase(0, size);
    const bool goes_on = co_await answer(stream, next_answer());
    if (!goes_on) co_return;
  }
}

Task<bool> TlsTestServer::answer(Stream& stream, Answer answer) {
  const bool held = !answer.more.empty();
  if (held) hold_back(stream.next_layer(), true);
  const std::size_t piece = answer.piece != 0 ? answer.piece : answer.bytes.size();
  for (std::size_t done = 0; done < answer.bytes.size(); done += piece) {
    const std::string_view bytes = std::string_view(answer.bytes).substr(done, piece);
    const bool written = co_await write(stream, bytes);
    if (!written) co_return false;
  }
  if (held) {
    const bool written = co_await write(stream, answer.more);
    hold_back(stream.next_layer(), false);
    if (!written) co_return false;
  }
  error_code ec;
  auto token = asio::redirect_error(asio::use_awaitable, ec);
  switch (answer.then) {
    case Then::next_request:
      co_return true;
    case Then::hang:
      co_await hang(stream);
      break;
    case Then::drip:
      co_await drip(stream, std::move(answer.drop));
      break;
    case Then::goodbye:
      co_await stream.async_shutdown(token);
      break;
    case Then::close:
      break;
  }
  co_return false;
}

Task<bool> TlsTestServer::write(Stream& stream, std::string_view bytes) {
  error_code ec;
  auto token = asio::redirect_error(asio::use_awaitable, ec);
  const auto buffer = asio::buffer(bytes.data(), bytes.size());
  co_await asio::async_write(stream, buffer, token);
  if (ec) ++closed_by_peer;
  co_return !ec;
}

void TlsTestServer::say_unasked(const std::string& bytes) {
  for (Stream* stream : waiting_) asio::co_spawn(stream->get_executor(), say(*stream, bytes), asio::detached);
}

Task<> TlsTestServer::say(Stream& stream, std::string bytes) {
  co_await write(stream, bytes);
  ++unasked;
}

template <class AnyStream>
Task<> TlsTestServer::hang(AnyStream& stream) {
  error_code ec;
  auto token = asio::redirect_error(asio::use_awaitable, ec);
  std::array<char, 1024> ignored;
  const auto buffer = asio::buffer(ignored);
  while (!ec) co_await stream.async_read_some(buffer, token);
  ++closed_by_peer;
}

Task<> TlsTestServer::drip(Stream& stream, std::string dropped) {
  error_code ec;
  auto token = asio::redirect_error(asio::use_awaitable, ec);
  const auto drop = asio::buffer(dropped);
  asio::steady_timer timer(stream.get_executor());
  while (!ec) {
    timer.expires_after(std::chrono::milliseconds(2));
    co_await timer.async_wait(asio::use_awaitable);
    co_await asio::async_write(stream, drop, token);
  }
  ++closed_by_peer;
}

Answer TlsTestServer::next_answer() {
  Answer answer = answers.front();
  if (answers.size() > 1) answers.pop_front();
  return answer;
}

}  // namespace couponsync::test
