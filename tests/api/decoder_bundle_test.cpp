// The edition in the field since 2025-11: every round is an entry of its own, tied by a bundle.
#include "api/page_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace couponsync {
namespace {

using ::testing::IsEmpty;
using namespace couponsync::testing;

constexpr const char* kBundlePage = R"({
  "total_count": 1,
  "user_coupon_list": [{
    "coupon_code": "c1", "coupon_state": "USED", "brand_id": "120344",
    "user_product_coupon_bundle_info": {
      "user_coupon_bundle_id": "b1", "user_coupon_bundle_index": 2, "total_count": 5, "used_count": 3},
    "coupon_tag_info": {
      "coupon_tag_list": ["MEMBER", "NEW"], "member_tag_info": {"member_card_id": "m1"}},
    "progressive_bundle_usage_detail": {
      "use_request_no": "u1", "use_time": "2025-12-01T10:00:00.250+08:00",
      "associated_pay_score_order_info": {
        "order_id": "o1", "out_order_no": "oo1", "mchid": "1900000001", "sub_mchid": "1900000002"},
      "return_request_no": "r1", "return_time": "2025-12-01T11:00:00+08:00"},
    "product_coupon": {
      "product_coupon_id": "p1", "usage_mode": "PROGRESSIVE_BUNDLE",
      "progressive_bundle_usage_info": {"count": 5, "interval_days": 7}},
    "stock": {
      "stock_id": "s1", "product_coupon_id": "p1",
      "stock_bundle_info": {"stock_bundle_id": "sb1", "stock_bundle_index": 2},
      "progressive_bundle_usage_rule": {
        "special_first": true,
        "coupon_available_period": {
          "available_begin_time": "2025-12-01T00:00:00+08:00", "wait_days_after_receive": 0,
          "weekly_available_period": {"day_list": ["MONDAY", "SUNDAY"]}},
        "discount_coupon": {"threshold": 5000, "percent_off": 20}}}
  }]
})";

TEST(DecodeBundlePage, GivesTheCouponAndItsBundle) {
  const Page page = decoded(kBundlePage);
  EXPECT_THAT(page.oddities, IsEmpty());
  const Coupon& coupon = page.coupons.at(0);
  EXPECT_EQ(coupon.brand_id, "120344");
  EXPECT_EQ(coupon.user_coupon_bundle_id, "b1");
  EXPECT_EQ(coupon.user_coupon_bundle_index, 2);
  EXPECT_EQ(coupon.usage_total_count, 5);
  EXPECT_EQ(coupon.usage_used_count, 3);
  EXPECT_EQ(coupon.coupon_tag_list, R"(["MEMBER","NEW"])");
  EXPECT_EQ(coupon.member_card_id, "m1");
}

TEST(DecodeBundlePage, GivesTheUseWithItsPayScoreOrder) {
  const Page page = decoded(kBundlePage);
  ASSERT_EQ(page.coupons.at(0).usage_details.size(), 1U);
  const UsageDetail& usage = page.coupons[0].usage_details[0];
  EXPECT_EQ(usage.usage_mode, UsageMode::progressive_bundle);
  EXPECT_EQ(usage.item_index, 0);
  EXPECT_EQ(usage.use_request_no, "u1");
  EXPECT_EQ(usage.use_time, 1764554400);
  EXPECT_EQ(usage.transaction_id, std::nullopt);
  EXPECT_EQ(usage.out_trade_no, std::nullopt);
  EXPECT_EQ(usage.mchid, "1900000001");
  EXPECT_EQ(usage.sub_mchid, "1900000002");
  EXPECT_EQ(usage.pay_score_order_id, "o1");
  EXPECT_EQ(usage.pay_score_out_order_no, "oo1");
  EXPECT_EQ(usage.return_request_no, "r1");
  EXPECT_EQ(usage.return_time, 1764558000);
}

TEST(DecodeBundlePage, GivesTheStockAndTheProduct) {
  const Page page = decoded(kBundlePage);
  const Stock& stock = page.stocks.at(0);
  EXPECT_EQ(stock.stock_bundle_id, "sb1");
  EXPECT_EQ(stock.stock_bundle_index, 2);
  EXPECT_EQ(stock.special_first, true);
  ASSERT_EQ(stock.benefits.size(), 1U);
  EXPECT_EQ(stock.benefits[0].usage_mode, UsageMode::progressive_bundle);
  EXPECT_EQ(stock.benefits[0].kind, "DISCOUNT");
  EXPECT_EQ(stock.benefits[0].threshold, 5000);
  EXPECT_EQ(stock.benefits[0].percent_off, 20);
  ASSERT_EQ(stock.periods.size(), 2U);
  EXPECT_EQ(stock.periods[0].usage_mode, UsageMode::progressive_bundle);
  EXPECT_EQ(stock.periods[0].begin_time, 1764518400);
  EXPECT_EQ(stock.periods[0].end_time, std::nullopt);
  EXPECT_EQ(stock.periods[0].wait_days_after_receive, 0);
  EXPECT_EQ(stock.periods[1].day_list, R"(["MONDAY","SUNDAY"])");
  const ProductCoupon& product = page.products.at(0);
  EXPECT_EQ(product.usage_mode, "PROGRESSIVE_BUNDLE");
  EXPECT_EQ(product.progressive_bundle_usage_count, 5);
  EXPECT_EQ(product.progressive_bundle_usage_interval_days, 7);
}

TEST(DecodeBundlePage, PrefersTheSequentialCountsAndTheOrdersMerchant) {
  const Page page = decoded(page_of(entry_of(
      R"(,"user_product_coupon_bundle_info":{"total_count":5,"used_count":3},
         "sequential_usage_detail":{"used_count":1},
         "single_usage_detail":{"associated_order_info":{"mchid":"a"},
         "associated_pay_score_order_info":{"mchid":"b","sub_mchid":"c"}})")));
  EXPECT_EQ(page.coupons.at(0).usage_total_count, 5);
  EXPECT_EQ(page.coupons.at(0).usage_used_count, 1);
  EXPECT_EQ(page.coupons.at(0).usage_details.at(0).mchid, "a");
  EXPECT_EQ(page.coupons.at(0).usage_details.at(0).sub_mchid, "c");
}

}  // namespace
}  // namespace couponsync
