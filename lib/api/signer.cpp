#include "api/signer.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace couponsync {
namespace {

constexpr std::string_view kNonceAlphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
constexpr std::size_t kNonceSize = 32;

void set_header(HttpRequest& request, std::string_view name, std::string value) {
  std::erase_if(request.headers, [name](const HttpHeader& header) { return header.name == name; });
  request.headers.push_back({std::string(name), std::move(value)});
}

}  // namespace

Signer::Signer(BrandIdentity identity, PrivateKey key)
    : identity_(std::move(identity)), key_(std::move(key)) {}

void Signer::sign(HttpRequest& request, UnixSeconds now, std::string_view nonce) const {
  const std::string timestamp = std::to_string(now);
  std::string text = "GET\n" + request.target + "\n" + timestamp + "\n";
  text.append(nonce).append("\n\n");  // the body of a GET is empty, and ends in a LF as every part does
  std::string authorization =
      "WECHATPAY-BRAND-SHA256-RSA2048 brand_id=\"" + identity_.brand_id + "\",nonce_str=\"";
  authorization.append(nonce)
      .append("\",timestamp=\"")
      .append(timestamp)
      .append("\",serial_no=\"")
      .append(identity_.certificate_serial)
      .append("\",signature=\"")
      .append(key_.sign(text))
      .append("\"");
  set_header(request, "Authorization", std::move(authorization));
  set_header(request, "Wechatpay-Serial", identity_.wechatpay_public_key_id);
  set_header(request, "User-Agent", identity_.user_agent);
}

std::string make_nonce(Env& env) {
  // Bytes beyond the largest multiple of 62 would make the first characters likelier.
  constexpr unsigned kLimit = 256 / kNonceAlphabet.size() * kNonceAlphabet.size();
  std::string nonce;
  while (nonce.size() < kNonceSize) {
    std::array<std::byte, kNonceSize> bytes;
    env.random_bytes(bytes);
    for (const std::byte byte : bytes) {
      const auto value = std::to_integer<unsigned>(byte);
      if (value < kLimit && nonce.size() < kNonceSize) nonce += kNonceAlphabet[value % kNonceAlphabet.size()];
    }
  }
  return nonce;
}

}  // namespace couponsync
