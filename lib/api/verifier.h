#pragma once

#include "api/keys.h"
#include "base/failure.h"
#include "base/http.h"
#include "base/time.h"

#include <string>

namespace couponsync {

/// Tells WeChat Pay's replies from forged ones: the signature over timestamp, nonce and raw body with the
/// configured WeChat Pay public key, made within 300 s of now. Only a reply that passed may change data.
class Verifier {
 public:
  Verifier(PublicKey key, std::string public_key_id);

  /// Fails with signature_missing, signature_wrong, clock_skew or, if the body came in a coding nobody asked
  /// for, malformed_reply. The signature is checked before the clock: a forged time is no clock skew. WeChat
  /// Pay now and then sends a wrong signature on purpose (WECHATPAY/SIGNTEST/...), which is nothing but
  /// wrong.
  Result<> verify(const HttpReply& reply, UnixSeconds now) const;

 private:
  PublicKey key_;
  std::string public_key_id_;
};

}  // namespace couponsync
