#include "api/listing_request.h"

#include "api/percent_encoding.h"

#include <string_view>

namespace couponsync {

HttpRequest listing_request(const ListingKey& key, int page_size,
                            const std::optional<std::string>& page_token) {
  std::string target = "/brand/marketing/product-coupon/users/" + percent_encode(key.openid.reveal()) +
                       "/coupons?appid=" + percent_encode(key.appid);
  const auto add = [&target](std::string_view name, const std::string& value) {
    if (!value.empty()) target.append("&").append(name).append("=").append(percent_encode(value));
  };
  add("product_coupon_id", key.product_coupon_id);
  add("stock_id", key.stock_id);
  add("coupon_state", key.coupon_state);
  add("page_size", std::to_string(page_size));
  if (page_token) add("page_token", *page_token);

  HttpRequest request;
  request.target = std::move(target);
  // A signature covers the body as decoded; asking for no coding leaves no doubt what that is.
  request.headers = {{"Accept", "application/json"}, {"Accept-Encoding", "identity"}};
  return request;
}

}  // namespace couponsync
