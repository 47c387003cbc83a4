#include "sandbox/authorization.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <utility>

namespace couponsync::sandbox {
namespace {

constexpr std::string_view kScheme = "WECHATPAY-BRAND-SHA256-RSA2048 ";
constexpr std::int64_t kMaxAge = 300;

bool is_alphanumeric(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

std::optional<std::int64_t> whole_number(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

std::optional<std::map<std::string, std::string>> parse_authorization(std::string_view header) {
  if (!header.starts_with(kScheme)) return std::nullopt;
  std::string_view rest = header.substr(kScheme.size());
  std::map<std::string, std::string> fields;
  for (;;) {
    const std::size_t equals = rest.find("=\"");
    if (equals == std::string_view::npos) return std::nullopt;
    const std::size_t end = rest.find('"', equals + 2);
    if (end == std::string_view::npos) return std::nullopt;
    const std::string name(rest.substr(0, equals));
    if (!fields.emplace(name, rest.substr(equals + 2, end - equals - 2)).second) return std::nullopt;
    rest = rest.substr(end + 1);
    if (rest.empty()) break;
    if (rest[0] != ',') return std::nullopt;
    rest.remove_prefix(1);
  }
  const std::set<std::string> expected{"brand_id", "nonce_str", "timestamp", "serial_no", "signature"};
  std::set<std::string> names;
  for (const auto& [name, value] : fields) names.insert(name);
  if (names != expected) return std::nullopt;
  return fields;
}

AuthorizationCheck::AuthorizationCheck(KeyPointer brand, std::string brand_id, std::string certificate_serial)
    : brand_(std::move(brand)),
      brand_id_(std::move(brand_id)),
      certificate_serial_(std::move(certificate_serial)) {}

std::optional<std::string> AuthorizationCheck::refuse(const SignedRequest& request, std::int64_t now) {
  const auto fields = parse_authorization(request.authorization);
  if (!fields) return "Authorization is not of the documented form";
  if (fields->at("brand_id") != brand_id_) return "brand_id is not this brand's";
  if (fields->at("serial_no") != certificate_serial_) return "serial_no is not this brand's certificate's";
  const std::optional<std::int64_t> timestamp = whole_number(fields->at("timestamp"));
  if (!timestamp) return "timestamp is no number";
  if (std::abs(*timestamp - now) > kMaxAge) return "timestamp is more than 300 s off";
  const std::string& nonce = fields->at("nonce_str");
  if (nonce.size() != 32 || !std::ranges::all_of(nonce, is_alphanumeric))
    return "nonce_str is not 32 of [0-9A-Za-z]";
  if (nonces_.contains(nonce)) return "nonce_str was used before";
  std::string text;
  for (const std::string_view part :
       {request.method, request.target, std::string_view(fields->at("timestamp")), std::string_view(nonce),
        request.body})
    text.append(part).append("\n");
  if (!verify(brand_, text, fields->at("signature"))) return "the signature is wrong";
  nonces_.insert(nonce);
  return std::nullopt;
}

}  // namespace couponsync::sandbox
