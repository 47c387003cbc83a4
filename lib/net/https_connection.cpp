#include "net/https_connection.h"

#include "base/descriptors.h"
#include "net/cancellation.h"
#include "net/https_tls.h"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <openssl/bio.h>
#include <openssl/ssl.h>

#include <cerrno>
#include <limits>
#include <optional>
#include <sys/socket.h>

namespace couponsync {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::system::error_code;

namespace {

using ReplyParser = http::response_parser<http::string_body>;

constexpr int kMostInterimReplies = 8;
constexpr std::size_t kReadAhead = 65'536;  // as much as Beast reads at once
constexpr unsigned kSwitchingProtocols = 101;
constexpr unsigned kOk = 200;
constexpr unsigned kNoContent = 204;
constexpr unsigned kNotModified = 304;

const boost::system::error_category& http_category() {
  return make_error_code(http::error::bad_version).category();
}

bool is_tls_error(const error_code& error) { return error.category() == asio::error::get_ssl_category(); }

/// The peer is gone, whether it said goodbye (TCP's or TLS's) or not.
bool is_end(const error_code& error) {
  return error == asio::error::eof || error == http::error::end_of_stream ||
         error == http::error::partial_message || error == asio::ssl::error::stream_truncated;
}

std::optional<ReplyParser>& renew(std::optional<ReplyParser>& parser, const ReplyLimits& limits) {
  constexpr std::size_t kMost = std::numeric_limits<std::uint32_t>::max();
  parser.emplace();
  parser->header_limit(static_cast<std::uint32_t>(std::min(limits.header_bytes, kMost)));
  parser->body_limit(std::uint64_t{limits.body_bytes});
  return parser;
}

/// 100 Continue and the like announce the reply; 101 would be the end of HTTP, and nobody asked for it.
bool is_interim(unsigned status) { return status / 100 == 1 && status != kSwitchingProtocols; }

/// Whether a body belongs to these statuses is where servers and clients disagree.
bool is_framed(unsigned status) { return status != kNoContent && status != kNotModified; }

HttpReply take_reply(ReplyParser& parser, std::size_t wire_bytes) {
  auto message = parser.release();
  HttpReply reply;
  reply.status = static_cast<int>(message.result_int());
  for (const auto& field : message)
    reply.headers.push_back({std::string(field.name_string()), std::string(field.value())});
  reply.body = std::move(message.body());
  reply.wire_bytes = wire_bytes;
  return reply;
}

/// The status tells what is wrong, whatever else there is to say, and however long that is. The body is not
/// the API's; nor is it missing.
HttpReply without_body(ReplyParser& parser, std::size_t wire_bytes, const ReplyLimits& limits) {
  parser.get().body() = "a body of more than " + std::to_string(limits.body_bytes) + " bytes";
  return take_reply(parser, wire_bytes);
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
  error_code ec;
  auto token = asio::redirect_error(asio::use_awaitable, ec);
  std::optional<ReplyParser> parser;
  // Bounds what has no limit of its own: a chunk's extensions, and trailers.
  buffer_.max_size(limits.header_bytes + kReadAhead);
  for (int i = 0; i < kMostInterimReplies; ++i) {
    renew(parser, limits);
    const std::size_t wire_bytes = co_await http::async_read(stream_, buffer_, *parser, token);
    reply_started_ = reply_started_ || buffer_.size() > 0 || parser->got_some();
    if (ec) {
      co_await throw_if_cancelled();
      if (ec == http::error::body_limit && parser->get().result_int() != kOk)
        co_return without_body(*parser, wire_bytes, limits);
      co_return unreadable(ec, deadline, limits);
    }
    if (is_interim(parser->get().result_int())) continue;
    if (parser->get().result_int() == kSwitchingProtocols) break;
    reusable_ = parser->keep_alive() && is_framed(parser->get().result_int());
    stream_.next_layer().expires_never();
    co_return take_reply(*parser, wire_bytes);
  }
  co_return Failure{FailureKind::malformed_reply, name_ + ": interim replies (HTTP 1xx) instead of a reply"};
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

Failure HttpsConnection::unreadable(const error_code& error, const Deadline& deadline,
                                    const ReplyLimits& limits) {
  if (error == http::error::body_limit)
    return Failure{FailureKind::reply_too_large, name_ + ": the reply's body is larger than " +
                                                     std::to_string(limits.body_bytes) + " bytes"};
  if (error == http::error::header_limit)
    return Failure{FailureKind::malformed_reply, name_ + ": the reply's header is larger than " +
                                                     std::to_string(limits.header_bytes) + " bytes"};
  if (error == http::error::buffer_overflow)
    return Failure{FailureKind::malformed_reply,
                   name_ + ": the reply has chunk extensions or trailers without end"};
  if (error.category() == http_category() && !is_end(error))
    return Failure{FailureKind::malformed_reply, name_ + ": the reply is not HTTP: " + error.message()};
  return broken(error, deadline, reply_started_ ? "reading the reply" : "waiting for the reply");
}

}  // namespace couponsync
