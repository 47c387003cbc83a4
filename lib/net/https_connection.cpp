#include "net/https_connection.h"

#include "base/descriptors.h"
#include "net/cancellation.h"
#include "net/https_tls.h"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/error.hpp>
#include <openssl/bio.h>
#include <openssl/ssl.h>

#include <cerrno>
#include <sys/socket.h>

namespace couponsync {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::system::error_code;

namespace {

bool is_tls_error(const error_code& error) { return error.category() == asio::error::get_ssl_category(); }

/// The peer is gone, whether it said goodbye (TCP's or TLS's) or not.
bool is_end(const error_code& error) {
  return error == asio::error::eof || error == http::error::end_of_stream ||
         error == http::error::partial_message || error == asio::ssl::error::stream_truncated;
}

}  // namespace

HttpsConnection::HttpsConnection(Connected connected, asio::ssl::context& tls, HttpsEndpoint endpoint)
    : endpoint_(std::move(endpoint)),
      name_(name_of(endpoint_)),
      address_(connected.address),
      stream_(std::move(connected.socket), tls) {
  expect_peer(stream_.native_handle(), endpoint_);
}

Task<Result<>> HttpsConnection::shake_hands(Deadline deadline) {
  error_code ec;
  auto token = asio::redirect_error(asio::use_awaitable, ec);
  stream_.next_layer().expires_at(deadline.when);
  co_await stream_.async_handshake(asio::ssl::stream_base::client, token);
  if (!ec) co_return Result<>();
  co_await throw_if_cancelled();
  // The system's CA certificates are files that OpenSSL opens one by one when it needs them.
  if (is_tls_error(ec) && no_descriptor_is_left())
    co_return Failure{FailureKind::out_of_descriptors,
                      name_ + ": no file descriptor is left to read CA certificates"};
  co_return broken(ec, deadline, "shaking hands for TLS");
}

Task<Result<HttpReply>> HttpsConnection::exchange(std::string request, Deadline deadline,
                                                  ReplyLimits limits) {
  reply_started_ = false;
  reusable_ = false;
  error_code ec;
  auto token = asio::redirect_error(asio::use_awaitable, ec);
  const auto bytes = asio::buffer(request);
  stream_.next_layer().expires_at(deadline.when);
  co_await asio::async_write(stream_, bytes, token);
  if (ec) {
    co_await throw_if_cancelled();
    co_return broken(ec, deadline, "sending the request");
  }
  co_return co_await read_reply(deadline, limits);
}

Task<Result<HttpReply>> HttpsConnection::read_reply(Deadline deadline, ReplyLimits limits) {
  ReplyRead read = co_await read_https_reply(stream_, buffer_, limits, name_);
  reply_started_ = read.started;
  if (read.fault) co_return std::move(*read.fault);
  if (!read.reply)
    co_return broken(read.broken, deadline, reply_started_ ? "reading the reply" : "waiting for the reply");
  reusable_ = read.keeps_alive;
  stream_.next_layer().expires_never();
  co_return std::move(*read.reply);
}

bool HttpsConnection::is_silent() {
  SSL* tls = stream_.native_handle();
  const bool decoded = buffer_.size() > 0 || SSL_has_pending(tls) == 1;
  // What the socket gave and OpenSSL has not looked at yet. Asio holds back nothing beyond that: it reads no
  // more at once than fits in here, and only when this is empty.
  const bool received = BIO_ctrl_pending(SSL_get_rbio(tls)) > 0;
  if (decoded || received) return false;
  char byte = 0;
  const ssize_t got =
      ::recv(stream_.next_layer().socket().native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

Failure HttpsConnection::broken(const error_code& error, const Deadline& deadline, std::string_view stage) {
  if (error == beast::error::timeout) return deadline.missed(name_, stage);
  const std::string during = std::string(" (while ").append(stage).append(")");
  if (is_tls_error(error))
    return Failure{FailureKind::tls_failed,
                   name_ + ": " + tls_reason(stream_.native_handle(), error) + during};
  const std::string what = is_end(error) ? "the connection was closed" : error.message();
  return Failure{FailureKind::connection_lost, name_ + ": " + what + during};
}

}  // namespace couponsync
