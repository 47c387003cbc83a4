#pragma once

#include "api/keys.h"
#include "base/env.h"
#include "base/http.h"
#include "base/time.h"

#include <string>
#include <string_view>

namespace couponsync {

/// Who signs, and whose answer is expected. None of it is secret.
struct BrandIdentity {
  std::string brand_id;
  std::string certificate_serial;       ///< of the brand's API certificate
  std::string wechatpay_public_key_id;  ///< PUB_KEY_ID_...
  std::string user_agent;
};

/// Signs requests as WeChat Pay asks of brands (WECHATPAY-BRAND-SHA256-RSA2048).
class Signer {
 public:
  Signer(BrandIdentity identity, PrivateKey key);

  /// Adds Authorization, Wechatpay-Serial and User-Agent, in place of earlier ones. A signature is good for
  /// one attempt: a nonce is used once, and an old timestamp is refused.
  void sign(HttpRequest& request, UnixSeconds now, std::string_view nonce) const;

 private:
  BrandIdentity identity_;
  PrivateKey key_;
};

/// 32 of [0-9A-Za-z], each as likely as the others.
std::string make_nonce(Env& env);

}  // namespace couponsync
