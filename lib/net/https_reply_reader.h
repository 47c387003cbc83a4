#pragma once

#include "base/http.h"
#include "base/task.h"
#include "net/cancellation.h"
#include "net/deadline.h"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>

#include <cstddef>
#include <optional>
#include <string>

namespace couponsync {

struct ReplyLimits {
  std::size_t body_bytes;
  std::size_t header_bytes;
};

/// What came of reading one reply. Neither a reply nor a fault: the stream broke.
struct ReplyRead {
  std::optional<HttpReply> reply{};
  std::optional<Failure> fault{};      ///< of what came: malformed_reply or reply_too_large
  boost::system::error_code broken{};  ///< the stream's error; also its end before the reply's
  bool started = false;                ///< a byte of the reply came
  bool keeps_alive = false;  ///< it ended where it said, and the server keeps the connection for another
};

/// The parts of `read_https_reply` that no stream is needed for.
class ReplyReading {
 public:
  using Parser = boost::beast::http::response_parser<boost::beast::http::string_body>;

  /// `name` is host and port, for messages.
  ReplyReading(ReplyLimits limits, std::string name) : limits_(limits), name_(std::move(name)) {}

  /// How much of the stream may wait in the buffer.
  std::size_t most_buffered() const;
  /// For the next reply, which may be an interim one. Nothing after too many of them.
  Parser* next_parser();
  /// After the parser has read its reply, or failed to: whether there is another to be read.
  bool goes_on(const boost::system::error_code& error, std::size_t buffered, std::size_t wire_bytes);
  ReplyRead take() { return std::move(read_); }

 private:
  void note_error(const boost::system::error_code& error, std::size_t wire_bytes);
  void fail(FailureKind kind, const std::string& what);

  ReplyLimits limits_;
  std::string name_;
  std::optional<Parser> parser_;
  int replies_ = 0;
  ReplyRead read_;
};

/// Reads one reply from a stream, whatever the server makes of HTTP: interim replies are passed over; the
/// header, the body, and all that has no limit of its own are bounded. What came behind the reply stays in
/// `buffer`. Cancellable.
template <class Stream>
Task<ReplyRead> read_https_reply(Stream& stream, boost::beast::flat_buffer& buffer, ReplyLimits limits,
                                 std::string name) {
  boost::system::error_code error;
  auto token = boost::asio::redirect_error(boost::asio::use_awaitable, error);
  ReplyReading reading(limits, std::move(name));
  buffer.max_size(reading.most_buffered());
  while (ReplyReading::Parser* parser = reading.next_parser()) {
    const std::size_t bytes = co_await boost::beast::http::async_read(stream, buffer, *parser, token);
    if (error) co_await throw_if_cancelled();
    if (!reading.goes_on(error, buffer.size(), bytes)) break;
  }
  co_return reading.take();
}

}  // namespace couponsync
