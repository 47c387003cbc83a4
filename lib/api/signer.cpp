#include "api/signer.h"

#include "api/base64.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <stdexcept>
#include <utility>

namespace couponsync {
namespace {

constexpr std::size_t kNonceLength = 32;

void require_header_text(std::string_view text, std::string_view name) {
  const auto fits = [](char c) { return c >= 0x20 && c < 0x7F && c != '"'; };
  if (text.empty() || !std::ranges::all_of(text, fits))
    throw std::invalid_argument(
        std::string(name) +
        " goes into a request header: it must be visible ASCII without quotes, not empty");
}

void set_header(HttpRequest& request, std::string name, std::string value) {
  const auto same = std::ranges::find(request.headers, name, &HttpHeader::name);
  if (same != request.headers.end())
    same->value = std::move(value);
  else
    request.headers.push_back({std::move(name), std::move(value)});
}

/// What is signed for a GET: its empty body leaves two LFs at the end.
std::string signed_text(std::string_view target, std::string_view timestamp, std::string_view nonce) {
  std::string text = "GET\n";
  text.append(target).append("\n").append(timestamp).append("\n").append(nonce).append("\n\n");
  return text;
}

}  // namespace

Signer::Signer(BrandIdentity identity, PrivateKey key)
    : identity_(std::move(identity)), key_(std::move(key)) {
  require_header_text(identity_.brand_id, "brand_id");
  require_header_text(identity_.certificate_serial, "certificate_serial");
  require_header_text(identity_.wechatpay_public_key_id, "wechatpay_public_key_id");
  require_header_text(identity_.user_agent, "user_agent");
}

void Signer::sign(HttpRequest& request, UnixSeconds now, std::string_view nonce) const {
  const std::string timestamp = std::to_string(now);
  const std::string signature = key_.sign(signed_text(request.target, timestamp, nonce));
  std::string authorization = "WECHATPAY-BRAND-SHA256-RSA2048 brand_id=\"" + identity_.brand_id;
  authorization.append("\",nonce_str=\"").append(nonce);
  authorization.append("\",timestamp=\"").append(timestamp);
  authorization.append("\",serial_no=\"").append(identity_.certificate_serial);
  authorization.append("\",signature=\"").append(base64_encode(signature)).append("\"");
  set_header(request, "Authorization", std::move(authorization));
  set_header(request, "Wechatpay-Serial", identity_.wechatpay_public_key_id);
  set_header(request, "User-Agent", identity_.user_agent);
}

std::string make_nonce(Env& env) {
  static constexpr std::string_view kLetters =
      "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  // Bytes above the last multiple of 62 are thrown away: taking them modulo 62 would favour eight letters.
  static constexpr unsigned kFairBytes = 256 / kLetters.size() * kLetters.size();
  std::string nonce;
  while (nonce.size() < kNonceLength) {
    std::array<std::byte, kNonceLength> bytes;
    env.random_bytes(bytes);
    for (const std::byte byte : bytes) {
      const auto value = std::to_integer<unsigned>(byte);
      if (value < kFairBytes && nonce.size() < kNonceLength) nonce += kLetters[value % kLetters.size()];
    }
  }
  return nonce;
}

}  // namespace couponsync
