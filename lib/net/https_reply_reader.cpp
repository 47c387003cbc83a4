#include "net/https_reply_reader.h"

#include <boost/asio/error.hpp>

#include <algorithm>
#include <cstdint>
#include <utility>

namespace couponsync {

namespace http = boost::beast::http;
using boost::system::error_code;

namespace {

constexpr int kMostInterimReplies = 8;
constexpr std::size_t kReadAhead = 65'536;  // as much as Beast reads at once
/// Of a header or trailer: a larger one makes Beast throw, out of the io_context.
constexpr std::size_t kLargestField = 65'533;
constexpr unsigned kSwitchingProtocols = 101;
constexpr unsigned kOk = 200;
constexpr unsigned kNoContent = 204;
constexpr unsigned kNotModified = 304;

bool is_of_http(const error_code& error) {
  return error.category() == make_error_code(http::error::bad_version).category();
}

/// 100 Continue and the like announce the reply; 101 would be the end of HTTP, and nobody asked for it.
bool is_interim(unsigned status) { return status / 100 == 1 && status != kSwitchingProtocols; }

/// Whether a body belongs to these statuses is where servers and clients disagree.
bool is_framed(unsigned status) { return status != kNoContent && status != kNotModified; }

HttpReply take_reply(ReplyReading::Parser& parser, std::size_t wire_bytes) {
  auto message = parser.release();
  HttpReply reply;
  reply.status = static_cast<int>(message.result_int());
  for (const auto& field : message)
    reply.headers.push_back({std::string(field.name_string()), std::string(field.value())});
  reply.body = std::move(message.body());
  reply.wire_bytes = wire_bytes;
  return reply;
}

}  // namespace

/// Bounds what has no limit of its own: a chunk's extensions, and trailers. What is parsed at once stands in
/// the buffer.
std::size_t ReplyReading::most_buffered() const {
  return std::min(limits_.header_bytes + kReadAhead, kLargestField);
}

ReplyReading::Parser* ReplyReading::next_parser() {
  if (replies_++ == kMostInterimReplies) {
    fail(FailureKind::malformed_reply, "interim replies (HTTP 1xx) instead of a reply");
    return nullptr;
  }
  parser_.emplace();
  parser_->header_limit(static_cast<std::uint32_t>(std::min(limits_.header_bytes, kLargestField)));
  parser_->body_limit(std::uint64_t{limits_.body_bytes});
  return &*parser_;
}

bool ReplyReading::goes_on(const error_code& error, std::size_t buffered, std::size_t wire_bytes) {
  read_.started = read_.started || buffered > 0 || parser_->got_some();
  const unsigned status = parser_->get().result_int();
  if (error) {
    note_error(error, wire_bytes);
    return false;
  }
  if (is_interim(status)) return true;
  if (status == kSwitchingProtocols) {
    fail(FailureKind::malformed_reply, "interim replies (HTTP 1xx) instead of a reply");
    return false;
  }
  read_.keeps_alive = parser_->keep_alive() && is_framed(status);
  read_.reply = take_reply(*parser_, wire_bytes);
  return false;
}

void ReplyReading::note_error(const error_code& error, std::size_t wire_bytes) {
  const bool has_ended = error == http::error::end_of_stream || error == http::error::partial_message;
  if (error == http::error::body_limit && parser_->get().result_int() != kOk) {
    // The status tells what is wrong, whatever else there is to say, and however long that is. The body is
    // not the API's; nor is it missing.
    parser_->get().body() = "a body of more than " + std::to_string(limits_.body_bytes) + " bytes";
    read_.reply = take_reply(*parser_, wire_bytes);
  } else if (error == http::error::body_limit) {
    fail(FailureKind::reply_too_large,
         "the reply's body is larger than " + std::to_string(limits_.body_bytes) + " bytes");
  } else if (error == http::error::header_limit) {
    fail(FailureKind::malformed_reply,
         "the reply's header is larger than " + std::to_string(limits_.header_bytes) + " bytes");
  } else if (error == http::error::buffer_overflow) {
    fail(FailureKind::malformed_reply, "the reply has chunk extensions or trailers without end");
  } else if (is_of_http(error) && !has_ended) {
    fail(FailureKind::malformed_reply, "the reply is not HTTP: " + error.message());
  } else {
    read_.broken = error;
  }
}

void ReplyReading::fail(FailureKind kind, const std::string& what) {
  read_.fault = Failure{kind, name_ + ": " + what};
}

}  // namespace couponsync
