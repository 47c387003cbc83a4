#pragma once

#include "base/http.h"
#include "net/connect_race.h"
#include "net/deadline.h"
#include "net/endpoint.h"
#include "net/https_reply_reader.h"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>

#include <string>

namespace couponsync {

/// One TLS connection to one endpoint and one exchange at a time on it. On the io thread. Any function that
/// fails or throws leaves a connection that is good for nothing but destruction, which closes it at once.
class HttpsConnection {
 public:
  HttpsConnection(Connected connected, boost::asio::ssl::context& tls, HttpsEndpoint endpoint);

  /// Before the first exchange. Fails with tls_failed, connection_lost, timed_out or, where certificates
  /// could not be read for want of them, out_of_descriptors. Cancellable.
  Task<Result<>> shake_hands(Deadline deadline);

  /// Sends `request` as it is and reads the reply. Fails with connection_lost, tls_failed, malformed_reply,
  /// reply_too_large or timed_out. Cancellable.
  Task<Result<HttpReply>> exchange(std::string request, Deadline deadline, ReplyLimits limits);

  /// The last exchange ended well, the server keeps the connection for another, and it has said nothing
  /// since.
  bool reusable() { return reusable_ && is_silent(); }
  /// A byte of the last exchange's reply came.
  bool reply_started() const { return reply_started_; }
  const boost::asio::ip::tcp::endpoint& address() const { return address_; }

 private:
  using Stream = boost::asio::ssl::stream<boost::beast::tcp_stream>;

  Task<Result<HttpReply>> read_reply(Deadline deadline, ReplyLimits limits);
  /// Neither an end nor a byte came since the last exchange, at any layer: an idle server has nothing to say
  /// but goodbye, and a second reply must never be taken for the next request's.
  bool is_silent();
  Failure broken(const boost::system::error_code& error, const Deadline& deadline, std::string_view stage);

  HttpsEndpoint endpoint_;
  std::string name_;
  boost::asio::ip::tcp::endpoint address_;
  Stream stream_;
  boost::beast::flat_buffer buffer_;
  bool reply_started_ = false;
  bool reusable_ = false;
};

}  // namespace couponsync
