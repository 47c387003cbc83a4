#include "api/error_reply.h"

#include "api/percent_encoding.h"

#include <boost/json/parse.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

namespace couponsync {
namespace {

constexpr std::size_t kMaxDetail = 200;
constexpr std::chrono::seconds kMaxRetryAfter{3600};

/// The documented code and those of the API's siblings.
constexpr std::array<std::string_view, 4> kLimitCodes{"RATELIMIT_EXCEEDED", "RATELIMIT_EXCEED",
                                                      "RATE_LIMITED", "FREQUENCY_LIMITED"};

/// The API's {"code", "message"}, as far as the body is that.
struct ErrorBody {
  std::string code;
  std::string message;
};

std::string string_member(const boost::json::object& object, const char* name) {
  const boost::json::value* value = object.if_contains(name);
  if (value == nullptr || !value->is_string()) return {};
  return {value->as_string().data(), value->as_string().size()};
}

std::optional<ErrorBody> parse_body(const std::string& body) {
  boost::system::error_code error;
  const boost::json::value value = boost::json::parse(body, error);
  if (error || !value.is_object()) return std::nullopt;
  ErrorBody result{string_member(value.as_object(), "code"), string_member(value.as_object(), "message")};
  if (result.code.empty()) return std::nullopt;
  return result;
}

void replace_all(std::string& text, const std::string& what, const std::string& with) {
  if (what.empty()) return;
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size()))
    text.replace(at, what.size(), with);
}

/// Cuts at a character's beginning, not inside its UTF-8 bytes.
void truncate(std::string& text, std::size_t size) {
  if (text.size() <= size) return;
  while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0U) == 0x80U) --size;
  text.resize(size);
  text += "...";
}

std::string safe_text(std::string text, const Openid& openid) {
  replace_all(text, openid.reveal(), openid.redacted());
  replace_all(text, percent_encode(openid.reveal()), openid.redacted());
  for (char& c : text)
    if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') c = ' ';
  truncate(text, kMaxDetail);
  return text;
}

/// A code from the wire, for logs and the mirror: the API's are capitals and underscores.
std::string safe_code(const std::string& code) {
  const bool plain = code.size() <= 64 && std::ranges::all_of(code, [](char c) {
                       return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
                     });
  return plain ? code : std::string();
}

FailureKind kind_of(const HttpReply& reply, const std::optional<ErrorBody>& body, bool had_page_token) {
  const int status = reply.status;
  if (status == 429 || (body && std::ranges::find(kLimitCodes, body->code) != kLimitCodes.end()))
    return FailureKind::rate_limited;
  if (status >= 500 || status == 408) return FailureKind::server_error;
  switch (status) {
    case 400:
      return had_page_token ? FailureKind::page_token_rejected : FailureKind::bad_request;
    case 401:
      return FailureKind::credentials_refused;
    case 403:
      return FailureKind::permission_refused;
    case 404:
      // Some other body comes from a server that does not know the path.
      return body || reply.body.empty() ? FailureKind::not_found : FailureKind::unexpected_status;
    default:
      return FailureKind::unexpected_status;
  }
}

/// Whole seconds; the API was never seen to send one, so RFC 9110's dates are left alone.
std::optional<std::chrono::milliseconds> retry_after(const HttpReply& reply) {
  const std::string_view text = reply.header("Retry-After").value_or("");
  unsigned seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return std::min<std::chrono::seconds>(std::chrono::seconds(seconds), kMaxRetryAfter);
}

}  // namespace

Failure classify_error(const HttpReply& reply, bool had_page_token, const Openid& openid) {
  const std::optional<ErrorBody> body = parse_body(reply.body);
  Failure failure;
  failure.kind = kind_of(reply, body, had_page_token);
  failure.status = reply.status;
  failure.request_id = safe_text(std::string(reply.header("Request-ID").value_or("")), openid);
  failure.retry_after = retry_after(reply);
  if (body) {
    failure.code = safe_code(body->code);
    failure.detail = safe_text(body->message, openid);
  } else {
    const std::string type(reply.header("Content-Type").value_or("no content type"));
    failure.detail = "the body is not the API's JSON (" + safe_text(type, openid) + ", " +
                     std::to_string(reply.body.size()) + " bytes)";
  }
  return failure;
}

}  // namespace couponsync
