#pragma once

#include "sandbox/keys.h"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace couponsync::sandbox {

/// What of a request is signed, and its Authorization header, all as received.
struct SignedRequest {
  std::string_view method;
  std::string_view target;
  std::string_view body;
  std::string_view authorization;
};

/// The fields of `WECHATPAY-BRAND-SHA256-RSA2048 name="value",...`: exactly the five, in any order, each
/// once, one comma and no space between them. Nothing if the header is anything else.
std::optional<std::map<std::string, std::string>> parse_authorization(std::string_view header);

/// Checks signatures the way the API's documentation tells the server's side to; knows every nonce it has
/// seen.
class AuthorizationCheck {
 public:
  AuthorizationCheck(KeyPointer brand, std::string brand_id, std::string certificate_serial);

  /// Why the request is refused, or nothing if it is right. A right request's nonce is used up.
  std::optional<std::string> refuse(const SignedRequest& request, std::int64_t now);

 private:
  KeyPointer brand_;
  std::string brand_id_;
  std::string certificate_serial_;
  std::set<std::string> nonces_;
};

}  // namespace couponsync::sandbox
