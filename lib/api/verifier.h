#pragma once

#include "api/keys.h"
#include "base/failure.h"
#include "base/http.h"
#include "base/time.h"

#include <string>

namespace couponsync {

/// Tells a reply of WeChat Pay from a forged, changed or replayed one, by its Wechatpay-* headers and the raw
/// body. Only a reply that passed may change the mirror.
class Verifier {
 public:
  /// `public_key_id` (PUB_KEY_ID_...) is the name WeChat Pay gives `key`.
  Verifier(PublicKey key, std::string public_key_id);

  /// Fails with malformed_reply (the body is compressed, though nobody asked for that), signature_missing,
  /// signature_wrong, or, only if the signature holds, clock_skew (300 s or more between the reply's time
  /// and `now`, the bound WeChat Pay's own libraries use). WeChat Pay now and then sends a wrong signature
  /// on purpose, to see whether it is refused: it needs no special case.
  Result<> verify(const HttpReply& reply, UnixSeconds now) const;

 private:
  PublicKey key_;
  std::string public_key_id_;
};

}  // namespace couponsync
