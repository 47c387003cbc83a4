#pragma once

#include "base/http.h"
#include "net/address_lookup.h"
#include "net/deadline.h"
#include "net/endpoint.h"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>

#include <cstddef>
#include <string>

namespace couponsync {

struct ReplyLimits {
  std::size_t body_bytes;
  std::size_t header_bytes;
};

/// One TLS connection to one endpoint and one exchange at a time on it. On the io thread. Any function that
/// fails or throws leaves a connection that is good for nothing but destruction, which closes it at once.
class HttpsConnection {
 public:
  HttpsConnection(const boost::asio::any_io_executor& executor, boost::asio::ssl::context& tls,
                  HttpsEndpoint endpoint);

  /// Connects to the first address that answers, giving each a fair part of the time that is left, and shakes
  /// hands. Fails with connect_failed, tls_failed, connection_lost or timed_out. Cancellable.
  Task<Result<>> open(Addresses addresses, Deadline deadline);

  /// Sends `request` as it is and reads the reply. Fails with connection_lost, tls_failed, malformed_reply,
  /// reply_too_large or timed_out. Cancellable.
  Task<Result<HttpReply>> exchange(std::string request, Deadline deadline, ReplyLimits limits);

  /// The last exchange ended well and the server keeps the connection for another.
  bool reusable() const { return reusable_; }
  /// A byte of the last exchange's reply came.
  bool reply_started() const { return reply_started_; }
  /// Neither an end nor a byte came since the last exchange: an idle server has nothing to say but goodbye.
  bool silent();

 private:
  using Stream = boost::asio::ssl::stream<boost::beast::tcp_stream>;

  Task<Result<>> connect(Addresses addresses, Deadline deadline);
  Task<Result<>> shake_hands(Deadline deadline);
  Task<Result<HttpReply>> read_reply(Deadline deadline, ReplyLimits limits);
  Failure broken(const boost::system::error_code& error, const Deadline& deadline, std::string_view stage);
  Failure unreadable(const boost::system::error_code& error, const Deadline& deadline,
                     const ReplyLimits& limits);

  HttpsEndpoint endpoint_;
  std::string name_;
  Stream stream_;
  boost::beast::flat_buffer buffer_;
  bool reply_started_ = false;
  bool reusable_ = false;
};

}  // namespace couponsync
