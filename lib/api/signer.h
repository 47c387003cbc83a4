#pragma once

#include "api/keys.h"
#include "base/env.h"
#include "base/http.h"
#include "base/time.h"

#include <string>
#include <string_view>

namespace couponsync {

/// Who sends. All of it goes into headers: visible ASCII and spaces, no quotes, nothing empty.
struct BrandIdentity {
  std::string brand_id;
  std::string certificate_serial;       ///< of the brand's API certificate
  std::string wechatpay_public_key_id;  ///< PUB_KEY_ID_...
  std::string user_agent;
};

/// Signs requests for the brand: WECHATPAY-BRAND-SHA256-RSA2048, over method, target, time, nonce and body.
class Signer {
 public:
  /// Throws std::invalid_argument if a part of `identity` has no place in a header.
  Signer(BrandIdentity identity, PrivateKey key);

  /// Sets Authorization, Wechatpay-Serial and User-Agent, replacing what is there: every attempt is signed
  /// anew, because a nonce is used once and an old timestamp is refused. Takes well under a millisecond.
  void sign(HttpRequest& request, UnixSeconds now, std::string_view nonce) const;

 private:
  BrandIdentity identity_;
  PrivateKey key_;
};

/// 32 of [0-9A-Za-z], each equally likely.
std::string make_nonce(Env& env);

}  // namespace couponsync
