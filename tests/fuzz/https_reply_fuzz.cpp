// Bytes as what a server sends on a connection, into the reader that the HTTPS connection has.
#include "fuzz/fuzz.h"
#include "net/https_reply_reader.h"

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <exception>

namespace couponsync::fuzz {
namespace {

namespace asio = boost::asio;

/// Small, so that small inputs reach them.
constexpr ReplyLimits kLimits{.body_bytes = 512, .header_bytes = 1024};
constexpr int kMostRequests = 4;

/// Gives these bytes, so many at a time, and then the connection's end.
class ByteStream {
 public:
  using executor_type = asio::io_context::executor_type;

  ByteStream(executor_type executor, std::string_view bytes, std::size_t piece)
      : executor_(std::move(executor)), rest_(bytes), piece_(piece) {}

  executor_type get_executor() const { return executor_; }
  std::size_t left() const { return rest_.size(); }

  template <class Buffers, class Token>
  auto async_read_some(const Buffers& buffers, Token&& token) {
    return asio::async_initiate<Token, void(boost::system::error_code, std::size_t)>(
        [this](auto handler, const Buffers& into) {
          const std::size_t size = asio::buffer_copy(into, asio::buffer(rest_.substr(0, piece_)));
          const bool has_ended = rest_.empty() && asio::buffer_size(into) > 0;
          rest_.remove_prefix(size);
          boost::system::error_code error;
          if (has_ended) error = asio::error::eof;
          const auto executor = asio::get_associated_executor(handler, executor_);
          asio::post(executor_,
                     asio::bind_executor(executor, [handler = std::move(handler), error, size]() mutable {
                       std::move(handler)(error, size);
                     }));
        },
        token, buffers);
  }

  // What Beast wants of a stream beyond reading.
  using lowest_layer_type = ByteStream;

 private:
  executor_type executor_;
  std::string_view rest_;
  std::size_t piece_;
};

struct Conversation {
  std::vector<ReplyRead> replies;
  std::size_t left = 0;  ///< bytes that belong to no reply
};

/// Reads replies for as long as the connection would be kept.
Task<> converse(ByteStream& stream, Conversation& heard) {
  boost::beast::flat_buffer buffer;
  do {
    ReplyRead read = co_await read_https_reply(stream, buffer, kLimits, "api.example:443");
    heard.replies.push_back(std::move(read));
    require(buffer.capacity() <= 65'536, "what waits to be read is bounded");
  } while (heard.replies.back().keeps_alive && heard.replies.size() < kMostRequests);
  heard.left = buffer.size() + stream.left();
}

Conversation conversation(std::string_view bytes, std::size_t piece) {
  asio::io_context io{1};
  ByteStream stream(io.get_executor(), bytes, piece);
  Conversation heard;
  std::exception_ptr thrown;
  asio::co_spawn(io, converse(stream, heard), [&thrown](std::exception_ptr error) { thrown = error; });
  io.run();
  require(!thrown, "reading throws nothing");
  require(!heard.replies.empty(), "reading comes to an end");
  return heard;
}

bool has_header(const HttpReply& reply, std::string_view name) { return reply.header(name).has_value(); }

void check_reply(const ReplyRead& read) {
  const HttpReply& reply = *read.reply;
  require(reply.body.size() <= kLimits.body_bytes, "a body is no larger than allowed");
  require(reply.status >= 0 && reply.status <= 999 && reply.status / 100 != 1, "a status is final");
  require(read.started, "a reply has begun");
  const bool is_framed = has_header(reply, "Content-Length") || has_header(reply, "Transfer-Encoding");
  require(!read.keeps_alive || is_framed, "only a reply that tells its end keeps the connection");
  require(!read.keeps_alive || (reply.status != 204 && reply.status != 304),
          "204 and 304 end the connection");
  const std::string length(reply.header("Content-Length").value_or(""));
  const bool is_number = length.size() < 10 && length.find_first_not_of("0123456789") == std::string::npos;
  if (read.keeps_alive && !has_header(reply, "Transfer-Encoding") && is_number)
    require(std::to_string(reply.body.size()) == std::to_string(std::stoul(length)),
            "a body is as long as announced");
  for (const HttpHeader& header : reply.headers)
    require((header.name + header.value).find('\n') == std::string::npos, "a header is one line");
}

void check(const ReplyRead& read) {
  require((read.reply ? 1 : 0) + (read.fault ? 1 : 0) + (read.broken ? 1 : 0) == 1,
          "a reply, its fault, or the connection's");
  if (read.reply) check_reply(read);
  require(read.reply || !read.keeps_alive, "a connection without a reply is not kept");
  if (read.fault)
    require(
        read.fault->kind == FailureKind::malformed_reply || read.fault->kind == FailureKind::reply_too_large,
        "a fault is the reply's");
}

void check_equal(const ReplyRead& one, const ReplyRead& other) {
  require(one.reply.has_value() == other.reply.has_value(), "the pieces it comes in do not matter");
  if (!one.reply) return;
  require(one.reply->status == other.reply->status && one.reply->body == other.reply->body &&
              one.reply->headers.size() == other.reply->headers.size() &&
              one.keeps_alive == other.keeps_alive,
          "a reply is the same in whatever pieces it comes");
}

}  // namespace
}  // namespace couponsync::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace couponsync::fuzz;
  const std::string bytes = grown(text_of(data, size));
  const TimeLimit limit(bytes.size());
  const Conversation whole = conversation(bytes, 65'536);
  for (const couponsync::ReplyRead& read : whole.replies) check(read);
  constexpr std::size_t kMostInSmallPieces = 4'096;
  if (bytes.size() > kMostInSmallPieces) return 0;
  const Conversation in_pieces = conversation(bytes, 1 + bytes.size() % 7);
  require(whole.replies.size() == in_pieces.replies.size(), "as many replies, in whatever pieces they come");
  for (std::size_t i = 0; i < whole.replies.size(); ++i) check_equal(whole.replies[i], in_pieces.replies[i]);
  return 0;
}
