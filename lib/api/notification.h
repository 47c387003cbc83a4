#pragma once

#include "api/api_v3_key.h"
#include "api/recent_ids.h"
#include "api/verifier.h"
#include "base/failure.h"
#include "base/http.h"
#include "base/listing.h"
#include "base/time.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace couponsync {

/// What WeChat Pay's callback says, as far as it matters here: whose coupons changed. What has changed is
/// read from the API, never from here.
struct Notification {
  enum class Kind {
    news,        ///< a coupon of `openid` was sent, used or returned
    repetition,  ///< WeChat Pay sends one again until it is answered
    unrelated,   ///< about something else, or nothing that makes sense
  };

  Kind kind = Kind::unrelated;
  std::string appid{};  ///< may be empty: then the openid alone names the user
  Openid openid{};
};

/// Reads notifications as WeChat Pay posts them to a brand's notify URL, forwarded as they came: the headers
/// Wechatpay-*, and JSON with an encrypted resource. Source: the callback pages of the product coupon. On one
/// thread.
class NotificationReader {
 public:
  /// `verifier` accepts nothing else, for it remembers what it accepted.
  NotificationReader(Verifier verifier, std::shared_ptr<const ApiV3Key> key)
      : verifier_(std::move(verifier)), key_(std::move(key)) {}

  /// Fails with what Verifier fails with if WeChat Pay did not sign it just now; with undecodable if it is
  /// signed but the APIv3 key does not open it.
  Result<Notification> read(std::vector<HttpHeader> headers, std::string body, UnixSeconds now);

 private:
  /// WeChat Pay repeats one for some ten minutes. A forgotten one costs a request.
  static constexpr std::size_t kRemembered = 100'000;

  Verifier verifier_;
  std::shared_ptr<const ApiV3Key> key_;
  RecentIds seen_{kRemembered};
};

}  // namespace couponsync
