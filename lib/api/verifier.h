#pragma once

#include "api/keys.h"
#include "api/seen_nonces.h"
#include "base/failure.h"
#include "base/http.h"
#include "base/time.h"

#include <memory>
#include <string>

namespace couponsync {

/// Tells a reply of WeChat Pay from a forged, changed or replayed one, by its Wechatpay-* headers and the raw
/// body. Only a reply that passed may change the mirror.
class Verifier {
 public:
  /// The bound WeChat Pay's own libraries use, in seconds.
  static constexpr UnixSeconds kMaxSkew = 300;

  /// `public_key_id` (PUB_KEY_ID_...) is the name WeChat Pay gives `key`. `seen` outlives a change of keys:
  /// one that is handed on from verifier to verifier knows what the earlier ones have accepted.
  Verifier(PublicKey key, std::string public_key_id,
           std::shared_ptr<SeenNonces> seen = std::make_shared<SeenNonces>(kMaxSkew));

  /// Accepts a reply once. Fails with malformed_reply (the body is compressed, though nobody asked for that),
  /// signature_missing, signature_wrong, or, only if the signature holds, clock_skew (kMaxSkew or more
  /// between the reply's time and `now`) or reply_replayed (it was accepted before). WeChat Pay now and then
  /// sends a wrong signature on purpose, to see whether it is refused: it needs no special case.
  Result<> verify(const HttpReply& reply, UnixSeconds now) const;

 private:
  PublicKey key_;
  std::string public_key_id_;
  std::shared_ptr<SeenNonces> seen_;
};

}  // namespace couponsync
