#include "api/verifier.h"

#include <charconv>
#include <cstdlib>
#include <optional>
#include <string_view>

namespace couponsync {
namespace {

/// WeChat Pay's own limit for the age of what it receives; its documentation advises the same for what it
/// sends.
constexpr UnixSeconds kMaxSkew = 300;

struct SignatureHeaders {
  std::string_view serial;
  std::string_view timestamp;
  std::string_view nonce;
  std::string_view signature;
};

Failure failure_of(FailureKind kind, const HttpReply& reply, std::string detail) {
  Failure failure;
  failure.kind = kind;
  failure.status = reply.status;
  failure.request_id = std::string(reply.header("Request-ID").value_or(""));
  failure.detail = std::move(detail);
  return failure;
}

Result<SignatureHeaders> signature_headers(const HttpReply& reply) {
  SignatureHeaders headers;
  for (const auto& [name, value] :
       {std::pair{"Wechatpay-Serial", &headers.serial}, std::pair{"Wechatpay-Timestamp", &headers.timestamp},
        std::pair{"Wechatpay-Nonce", &headers.nonce}, std::pair{"Wechatpay-Signature", &headers.signature}}) {
    const std::optional<std::string_view> found = reply.header(name);
    if (!found)
      return failure_of(FailureKind::signature_missing, reply,
                        "the reply has no " + std::string(name) + " header");
    *value = *found;
  }
  return headers;
}

std::optional<UnixSeconds> parse_seconds(std::string_view text) {
  UnixSeconds seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return seconds;
}

/// An ID from the wire, so that it can be shown.
std::string shown(std::string_view id) {
  std::string text;
  for (const char c : id.substr(0, 64)) text += c > ' ' && c < '\x7f' ? c : '?';
  return text;
}

}  // namespace

Verifier::Verifier(PublicKey key, std::string public_key_id)
    : key_(std::move(key)), public_key_id_(std::move(public_key_id)) {}

Result<> Verifier::verify(const HttpReply& reply, UnixSeconds now) const {
  const std::string_view coding = reply.header("Content-Encoding").value_or("identity");
  if (coding != "identity")
    return failure_of(FailureKind::malformed_reply, reply,
                      "the body came in a content coding that was not asked for");
  const Result<SignatureHeaders> headers = signature_headers(reply);
  if (headers.has_error()) return headers.error();
  if (headers->serial != public_key_id_)
    return failure_of(FailureKind::signature_wrong, reply,
                      "signed with key " + shown(headers->serial) + ", expected is " + public_key_id_);
  std::string text;
  text.reserve(headers->timestamp.size() + headers->nonce.size() + reply.body.size() + 3);
  text.append(headers->timestamp)
      .append("\n")
      .append(headers->nonce)
      .append("\n")
      .append(reply.body)
      .append("\n");
  if (!key_.verifies(text, headers->signature))
    return failure_of(FailureKind::signature_wrong, reply, "the reply's signature does not match its body");
  const std::optional<UnixSeconds> signed_at = parse_seconds(headers->timestamp);
  if (!signed_at)
    return failure_of(FailureKind::signature_wrong, reply, "the signature's timestamp is no number");
  const UnixSeconds ahead = *signed_at - now;
  if (std::abs(ahead) >= kMaxSkew)
    return failure_of(FailureKind::clock_skew, reply,
                      "the reply was signed " + std::to_string(std::abs(ahead)) + " s " +
                          (ahead > 0 ? "ahead of" : "behind") +
                          " this machine's clock, allowed are less than 300 s");
  return {};
}

}  // namespace couponsync
