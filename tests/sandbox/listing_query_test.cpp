#include "sandbox/listing_query.h"

#include <gtest/gtest.h>

namespace couponsync::sandbox {
namespace {

Request request(const std::string& target) {
  return {"GET", target, {{"Accept", "application/json"}, {"User-Agent", "test"}}, ""};
}

constexpr const char* kPath = "/brand/marketing/product-coupon/users/o1/coupons";

int status_of(const Request& request) {
  try {
    parse_listing_query(request);
    return 200;
  } catch (const ApiError& error) {
    return error.status();
  }
}

TEST(ListingQuery, ReadsEveryParameterDecoded) {
  const ListingQuery query = parse_listing_query(request(
      std::string(kPath) +
      "?appid=wx1&product_coupon_id=p&stock_id=s&coupon_state=USED&page_size=7&page_token=a%2B%2F%3D"));
  EXPECT_EQ(query.openid, "o1");
  EXPECT_EQ(query.appid, "wx1");
  EXPECT_EQ(query.coupon_state, "USED");
  EXPECT_EQ(query.page_size, 7);
  EXPECT_EQ(query.page_token, "a+/=");
}

TEST(ListingQuery, IsStrict) {
  EXPECT_EQ(status_of(request(std::string(kPath) + "?appid=wx1")), 200);
  for (const char* query :
       {"", "?appid=", "?appid=wx1&appid=wx1", "?appid=wx1&page_size=0", "?appid=wx1&page_size=51",
        "?appid=wx1&page_size=x", "?appid=wx1&coupon_state=FROZEN", "?appid=wx1&more=1"})
    EXPECT_EQ(status_of(request(std::string(kPath) + query)), 400) << query;
  EXPECT_EQ(status_of(request("/brand/marketing/product-coupon/users/o1/coupon?appid=wx1")), 404);
  Request without_accept = request(std::string(kPath) + "?appid=wx1");
  without_accept.headers.erase(without_accept.headers.begin());
  EXPECT_EQ(status_of(without_accept), 400);
  Request with_body = request(std::string(kPath) + "?appid=wx1");
  with_body.body = "{}";
  EXPECT_EQ(status_of(with_body), 400);
}

}  // namespace
}  // namespace couponsync::sandbox
