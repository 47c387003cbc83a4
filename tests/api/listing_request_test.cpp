#include "api/listing_request.h"

#include <gtest/gtest.h>

namespace couponsync {
namespace {

constexpr const char* kPath = "/brand/marketing/product-coupon/users/oh-394z-6CGkNoJrsDLTTUKiAnp4/coupons?";

ListingKey key_of_the_example() {
  return {"wx233544546545989", Openid("oh-394z-6CGkNoJrsDLTTUKiAnp4"), "1002323", "100232301", "USED"};
}

TEST(ListingRequest, IsTheExampleOfTheApiPage) {
  EXPECT_EQ(listing_request(key_of_the_example(), 20, "MTIzMjUK").target,
            std::string(kPath) +
                "product_coupon_id=1002323&stock_id=100232301&appid=wx233544546545989&coupon_state=USED"
                "&page_size=20&page_token=MTIzMjUK");
}

TEST(ListingRequest, LeavesOutFiltersThatAreNotGivenAndTheTokenOfTheFirstPage) {
  const ListingKey key{"wx233544546545989", Openid("oh-394z-6CGkNoJrsDLTTUKiAnp4"), "", "", ""};
  EXPECT_EQ(listing_request(key, 50, std::nullopt).target,
            std::string(kPath) + "appid=wx233544546545989&page_size=50");
}

TEST(ListingRequest, EncodesThePageTokenByTheUnreservedSet) {
  ListingKey key = key_of_the_example();
  key.product_coupon_id = key.stock_id = key.coupon_state = "";
  EXPECT_EQ(listing_request(key, 50, "a+b/c==&d e%#?~._-\n\xE5\x88\xB8").target,
            std::string(kPath) +
                "appid=wx233544546545989&page_size=50&page_token="
                "a%2Bb%2Fc%3D%3D%26d%20e%25%23%3F~._-%0A%E5%88%B8");
}

TEST(ListingRequest, EncodesTheOpenidAndEveryFilter) {
  const ListingKey key{"w&x", Openid("a/b?c;d"), "p=1", "s+1", "U D"};
  EXPECT_EQ(listing_request(key, 1, std::nullopt).target,
            "/brand/marketing/product-coupon/users/a%2Fb%3Fc%3Bd/coupons?product_coupon_id=p%3D1"
            "&stock_id=s%2B1&appid=w%26x&coupon_state=U%20D&page_size=1");
}

TEST(ListingRequest, AsksForPlainJsonAndHasNoContentType) {
  const HttpRequest request = listing_request(key_of_the_example(), 20, std::nullopt);
  ASSERT_EQ(request.headers.size(), 2U);
  EXPECT_EQ(request.headers[0].name + ": " + request.headers[0].value, "Accept: application/json");
  EXPECT_EQ(request.headers[1].name + ": " + request.headers[1].value, "Accept-Encoding: identity");
}

}  // namespace
}  // namespace couponsync
