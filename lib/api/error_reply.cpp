#include "api/error_reply.h"

#include "api/json_reader.h"
#include "api/percent_encoding.h"
#include "api/reply_text.h"
#include "api/retry_after.h"

#include <boost/json/storage_ptr.hpp>

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace couponsync {
namespace {

constexpr std::size_t kMaxMessageCharacters = 200;
constexpr std::size_t kMaxCode = 64;
constexpr std::size_t kMaxContentType = 60;
/// A nonce is 32 letters; certificate serials are 40 and get masked with it, ids of keys and orders do not.
constexpr std::size_t kMaskedRun = 32;
/// The openids of one appid begin with the same few letters.
constexpr std::size_t kHiddenBeginning = 8;

/// This call's own code, then those its sibling calls use.
constexpr std::array<std::string_view, 4> kRateLimitCodes{"RATELIMIT_EXCEEDED", "RATELIMIT_EXCEED",
                                                          "RATE_LIMITED", "FREQUENCY_LIMITED"};

struct ApiError {
  std::string code;
  std::string message;
};

/// Nothing if the body is not the API's: {"code": TEXT, "message": TEXT, ...}.
std::optional<ApiError> parse_api_error(std::string_view body) {
  const Result<boost::json::value> document = parse_json(body, boost::json::storage_ptr());
  if (!document || !document->is_object()) return std::nullopt;
  std::vector<std::string> oddities;  // of a message that is no text: it counts as absent
  const ObjectReader object(&document->get_object(), {}, &oddities);
  const Text code = object.text("code");
  if (!code || code->empty()) return std::nullopt;
  return ApiError{*code, object.text("message").value_or("")};
}

/// Replaces `secret` and, as messages quote texts that were cut off, any beginning of it that is long enough
/// to tell users apart.
void hide(std::string& text, std::string_view secret, std::string_view name) {
  if (secret.empty()) return;
  const std::string_view least = secret.substr(0, kHiddenBeginning);
  for (std::size_t at = 0; (at = text.find(least, at)) != std::string::npos; at += name.size()) {
    const auto differ = std::ranges::mismatch(std::string_view(text).substr(at), secret);
    text.replace(at, static_cast<std::size_t>(differ.in2 - secret.begin()), name);
  }
}

std::string lower_case_escapes(std::string encoded) {
  for (std::size_t at = 0; (at = encoded.find('%', at)) != std::string::npos; at += 3)
    for (std::size_t digit = at + 1; digit <= at + 2; ++digit)
      if (encoded[digit] >= 'A' && encoded[digit] <= 'F') encoded[digit] += 'a' - 'A';
  return encoded;
}

std::string without_openid(std::string text, const Openid& openid) {
  const std::string name = openid.redacted();
  const std::string encoded = percent_encode(openid.reveal());
  hide(text, openid.reveal(), name);
  if (encoded == openid.reveal()) return text;
  hide(text, encoded, name);
  hide(text, lower_case_escapes(encoded), name);
  return text;
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

FailureKind kind_of(int status, const std::optional<ApiError>& error, bool had_page_token) {
  using enum FailureKind;
  if (error && status >= 400 && std::ranges::find(kRateLimitCodes, error->code) != kRateLimitCodes.end())
    return rate_limited;
  switch (status) {
    case 400:
      return had_page_token ? page_token_rejected : bad_request;
    case 401:
      return credentials_refused;
    case 403:
      return permission_refused;
    case 404:  // not from the API itself: this is a wrong host or path
      return error ? not_found : unexpected_status;
    case 408:
      return server_error;
    case 429:
      return rate_limited;
    default:
      return status >= 500 && status <= 599 ? server_error : unexpected_status;
  }
}

}  // namespace

Failure classify_error(const HttpReply& reply, bool had_page_token, const Openid& openid) {
  const std::optional<ApiError> error = parse_api_error(reply.body);
  Failure failure;
  failure.kind = kind_of(reply.status, error, had_page_token);
  failure.status = reply.status;
  failure.request_id = without_openid(request_id_of(reply), openid);
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
