#include "api/error_reply.h"

#include "api/hidden_openid.h"
#include "api/json_document.h"
#include "api/reply_text.h"
#include "api/retry_after.h"

#include <boost/json/storage_ptr.hpp>

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace couponsync {
namespace {

constexpr std::size_t kMaxMessageCharacters = 200;
constexpr std::size_t kMaxCode = 64;
constexpr std::size_t kMaxContentType = 60;
/// A nonce is 32 letters; certificate serials are 40 and get masked with it, ids of keys and orders do not.
constexpr std::size_t kMaskedRun = 32;

/// This call's own code, then those its sibling calls use.
constexpr std::array<std::string_view, 4> kRateLimitCodes{"RATELIMIT_EXCEEDED", "RATELIMIT_EXCEED",
                                                          "RATE_LIMITED", "FREQUENCY_LIMITED"};

struct ApiError {
  std::string code;
  std::string message;
};

/// Nothing if the body is not the API's: {"code": TEXT, "message": TEXT, ...}.
std::optional<ApiError> parse_api_error(std::string_view body) {
  const Result<JsonDocument> document = JsonDocument::parse(body, boost::json::storage_ptr());
  if (!document || !document->top().is_object()) return std::nullopt;
  Oddities oddities;  // of a message that is no text: it counts as absent
  const ReplyObject object(&document->top().get_object(), {}, &oddities);
  const Text code = object.text("code");
  if (!code || code->empty()) return std::nullopt;
  return ApiError{*code, object.text("message").value_or("")};
}

bool is_base64_letter(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '/' ||
         c == '=';
}

std::string without_long_runs(std::string_view text) {
  std::string masked;
  while (!text.empty()) {
    const auto run_end = std::ranges::find_if_not(text, is_base64_letter);
    const auto run = static_cast<std::size_t>(run_end - text.begin());
    if (run >= kMaskedRun)
      masked += "***";
    else
      masked += text.substr(0, run);
    text.remove_prefix(run);
    if (text.empty()) break;
    masked += text.front();
    text.remove_prefix(1);
  }
  return masked;
}

std::string describe_foreign_body(const HttpReply& reply) {
  if (reply.body.empty()) return "the body is empty";
  const std::string_view type = reply.header("Content-Type").value_or("no Content-Type");
  return "body is not the API's JSON (" + printable_ascii(type.substr(0, type.find(';')), kMaxContentType) +
         ", " + std::to_string(reply.body.size()) + " bytes)";
}

/// Of the API's own word: what its codes mean is documented with the status they come with.
constexpr std::array<std::pair<std::string_view, int>, 6> kStatusOfCode{{{"PARAM_ERROR", 400},
                                                                         {"INVALID_REQUEST", 400},
                                                                         {"SIGN_ERROR", 401},
                                                                         {"NO_AUTH", 403},
                                                                         {"NOT_FOUND", 404},
                                                                         {"SYSTEM_ERROR", 500}}};

/// An error that came as a success goes by its code alone.
int documented_status(const ApiError& error) {
  const auto found = std::ranges::find(kStatusOfCode, error.code, &std::pair<std::string_view, int>::first);
  return found == kStatusOfCode.end() ? 200 : found->second;
}

/// The API answers with documented statuses and codes. Any other answer is the word of whoever stands in
/// front of it, and passes: of a proxy, a firewall, a server that is being replaced. Without a body a 401 or
/// 403 may still be the API's own: it is a refusal, which nobody believes before the other domain says so
/// too.
FailureKind kind_of(int status, bool is_api_error, bool has_body, bool had_page_token) {
  using enum FailureKind;
  switch (status) {
    case 200:
      return not_a_listing;
    case 400:
      if (!is_api_error) return unexpected_status;
      return had_page_token ? page_token_rejected : bad_request;
    case 401:
      return is_api_error || !has_body ? credentials_refused : unexpected_status;
    case 403:
      return is_api_error || !has_body ? permission_refused : unexpected_status;
    case 404:
      return is_api_error ? not_found : unexpected_status;
    case 408:  // the request did not come in time,
    case 421:  // on a connection meant for another host,
    case 425:  // or too early to be safe from replays
      return server_error;
    case 429:
      return rate_limited;
    default:
      return status >= 500 && status <= 599 ? server_error : unexpected_status;
  }
}

FailureKind kind_of(const HttpReply& reply, const std::optional<ApiError>& error, bool had_page_token) {
  const bool is_limit = error && std::ranges::find(kRateLimitCodes, error->code) != kRateLimitCodes.end();
  if (is_limit && (reply.status == 200 || reply.status >= 400)) return FailureKind::rate_limited;
  const int status = reply.status == 200 && error ? documented_status(*error) : reply.status;
  return kind_of(status, error.has_value(), !reply.body.empty(), had_page_token);
}

}  // namespace

Failure classify_error(const HttpReply& reply, bool had_page_token, const Openid& openid) {
  const std::optional<ApiError> error = parse_api_error(reply.body);
  Failure failure;
  failure.kind = kind_of(reply, error, had_page_token);
  failure.status = reply.status;
  failure.request_id = request_id_of(reply, openid);
  failure.retry_after = retry_after_of(reply);
  if (error) {
    failure.code = without_openid(printable_ascii(error->code, kMaxCode), openid);
    failure.detail =
        one_line(without_long_runs(without_openid(error->message, openid)), kMaxMessageCharacters);
  } else {
    failure.detail = without_openid(describe_foreign_body(reply), openid);
  }
  return failure;
}

}  // namespace couponsync
