#include "api/listing_request.h"

#include "api/percent_encoding.h"

namespace couponsync {
namespace {

void add_parameter(std::string& target, std::string_view name, std::string_view value) {
  if (value.empty()) return;
  target += target.find('?') == std::string::npos ? '?' : '&';
  target.append(name).append("=").append(percent_encode(value));
}

}  // namespace

HttpRequest listing_request(const ListingKey& key, int page_size,
                            const std::optional<std::string>& page_token) {
  HttpRequest request;
  request.target =
      "/brand/marketing/product-coupon/users/" + percent_encode(key.openid.reveal()) + "/coupons";
  add_parameter(request.target, "product_coupon_id", key.product_coupon_id);
  add_parameter(request.target, "stock_id", key.stock_id);
  add_parameter(request.target, "appid", key.appid);
  add_parameter(request.target, "coupon_state", key.coupon_state);
  add_parameter(request.target, "page_size", std::to_string(page_size));
  add_parameter(request.target, "page_token", page_token.value_or(""));
  // The signature of a reply covers the decoded body: without compression there is nothing to decode.
  request.headers = {{"Accept", "application/json"}, {"Accept-Encoding", "identity"}};
  return request;
}

}  // namespace couponsync
