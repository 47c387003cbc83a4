#pragma once

#include <string>
#include <string_view>

namespace couponsync::test {

/// A notification as WeChat Pay makes it, but for its signature.
struct NotificationParts {
  std::string id = "EV-2018022511223320873";
  std::string event_type = "PRODUCT_COUPON.SEND";
  std::string plain = R"({"coupon_code":"c1","stock_id":"s1","appid":"wx1","openid":"o1"})";
  std::string associated_data = "product_coupon";
  std::string nonce = "fdasflkja484";
};

/// The body, its resource encrypted with `api_v3_key` by OpenSSL alone, not with the code under test.
std::string sealed_notification(const NotificationParts& parts, std::string_view api_v3_key);

}  // namespace couponsync::test
