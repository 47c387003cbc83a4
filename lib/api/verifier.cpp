#include "api/verifier.h"

#include "api/base64.h"
#include "api/reply_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

namespace couponsync {
namespace {

constexpr std::size_t kMaxTimestampDigits = 12;
constexpr std::size_t kMaxShownKeyId = 64;

struct SignatureHeaders {
  std::string_view timestamp;
  std::string_view nonce;
  std::string_view signature;
  std::string_view serial;
};

Failure fail(const HttpReply& reply, FailureKind kind, std::string detail) {
  return {
      .kind = kind, .detail = std::move(detail), .status = reply.status, .request_id = request_id_of(reply)};
}

/// Names of content codings are compared without regard to case.
bool is_identity(std::string_view coding) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::ranges::equal(coding, std::string_view("identity"), {}, lower);
}

Result<std::string_view> required_header(const HttpReply& reply, std::string_view name) {
  const std::string_view value = reply.header(name).value_or("");
  if (value.empty())
    return fail(reply, FailureKind::signature_missing, "the reply has no " + std::string(name) + " header");
  return value;
}

Result<SignatureHeaders> signature_headers(const HttpReply& reply) {
  SignatureHeaders headers;
  const std::array<std::pair<std::string_view, std::string_view*>, 4> wanted{{
      {"Wechatpay-Timestamp", &headers.timestamp},
      {"Wechatpay-Nonce", &headers.nonce},
      {"Wechatpay-Signature", &headers.signature},
      {"Wechatpay-Serial", &headers.serial},
  }};
  for (const auto& [name, value] : wanted) {
    const Result<std::string_view> found = required_header(reply, name);
    if (!found) return found.error();
    *value = *found;
  }
  return headers;
}

/// A number of seconds, small enough that differences between two never overflow.
std::optional<UnixSeconds> parse_seconds(std::string_view text) {
  if (text.empty() || text.size() > kMaxTimestampDigits || text.front() == '-') return std::nullopt;
  UnixSeconds seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return seconds;
}

std::string signed_text(const SignatureHeaders& headers, std::string_view body) {
  std::string text;
  text.reserve(headers.timestamp.size() + headers.nonce.size() + body.size() + 3);
  text.append(headers.timestamp).append("\n").append(headers.nonce).append("\n").append(body).append("\n");
  return text;
}

Result<> check_clock(const HttpReply& reply, UnixSeconds signed_at, UnixSeconds now) {
  const UnixSeconds ahead = now - signed_at;
  if (ahead > -Verifier::kMaxSkew && ahead < Verifier::kMaxSkew) return {};
  return fail(reply, FailureKind::clock_skew,
              "this machine's clock is " + std::to_string(ahead < 0 ? -ahead : ahead) + " s " +
                  (ahead < 0 ? "behind" : "ahead of") + " the time WeChat Pay signed its reply with");
}

}  // namespace

Verifier::Verifier(PublicKey key, std::string public_key_id, std::shared_ptr<SeenNonces> seen)
    : key_(std::move(key)), public_key_id_(std::move(public_key_id)), seen_(std::move(seen)) {}

Result<> Verifier::verify(const HttpReply& reply, UnixSeconds now) const {
  const std::string_view encoding = reply.header("Content-Encoding").value_or("");
  if (!encoding.empty() && !is_identity(encoding))
    return fail(reply, FailureKind::malformed_reply,
                "the reply has Content-Encoding " + printable_ascii(encoding, kMaxShownKeyId) +
                    ", which was not asked for");
  const Result<SignatureHeaders> headers = signature_headers(reply);
  if (!headers) return headers.error();
  if (headers->serial != public_key_id_)
    return fail(reply, FailureKind::signature_wrong,
                "the reply was signed with key " + printable_ascii(headers->serial, kMaxShownKeyId) +
                    " (Wechatpay-Serial), the configured one is " + public_key_id_);
  const std::optional<std::string> signature = base64_decode(headers->signature);
  if (!signature) return fail(reply, FailureKind::signature_wrong, "Wechatpay-Signature is not Base64");
  if (!key_.verify(signed_text(*headers, reply.body), *signature))
    return fail(reply, FailureKind::signature_wrong,
                "Wechatpay-Signature does not match the reply: it was changed on its way, or key " +
                    public_key_id_ + " is not the one in the key file");
  const std::optional<UnixSeconds> signed_at = parse_seconds(headers->timestamp);
  if (!signed_at)
    return fail(reply, FailureKind::signature_wrong, "Wechatpay-Timestamp is not a number of seconds");
  const Result<> in_time = check_clock(reply, *signed_at, now);
  if (!in_time) return in_time;
  if (!seen_->is_first(*signed_at, headers->nonce, now))
    return fail(
        reply, FailureKind::reply_replayed,
        "the reply is an earlier one again: its Wechatpay-Timestamp and Wechatpay-Nonce were seen before");
  return {};
}

}  // namespace couponsync
