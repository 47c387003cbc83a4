// Every leaf value of the example response on the API's page, at the place it must end up at.
#include "api/decoder.h"
#include "api/test_data.h"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <gtest/gtest.h>

namespace couponsync {
namespace {

using couponsync::testing::read_test_data;
namespace json = boost::json;

class DecodeExample : public ::testing::Test {
 protected:
  void SetUp() override {
    Result<Page> decoded = decode_page(body_);
    ASSERT_TRUE(decoded) << describe(decoded.error());
    page_ = std::move(*decoded);
    ASSERT_EQ(page_.coupons.size(), 1U);
    ASSERT_EQ(page_.stocks.size(), 1U);
    ASSERT_EQ(page_.products.size(), 1U);
  }
  const Coupon& coupon() const { return page_.coupons[0]; }
  const Stock& stock() const { return page_.stocks[0]; }
  const ProductCoupon& product() const { return page_.products[0]; }

  std::string body_ = read_test_data("list-user-coupons.example.json");
  Page page_;
};

constexpr UnixSeconds kUsed = 1752989375;      // 2025-07-20T13:29:35+08:00
constexpr UnixSeconds kReturned = 1752992975;  // 2025-07-20T14:29:35+08:00

TEST_F(DecodeExample, GivesThePage) {
  EXPECT_EQ(page_.total_count, 20);
  EXPECT_EQ(page_.next_page_token, "MTIzNDUK");
  EXPECT_TRUE(page_.oddities.empty()) << page_.oddities.front();
}

TEST_F(DecodeExample, GivesTheCoupon) {
  EXPECT_EQ(coupon().stock_id, "123456789");
  EXPECT_EQ(coupon().coupon_code.reveal(), "123446565767");
  EXPECT_EQ(coupon().product_coupon_id, "1002323");
  EXPECT_EQ(coupon().coupon_state, "USED");
  EXPECT_EQ(coupon().valid_begin_time, 1735660800);
  EXPECT_EQ(coupon().valid_end_time, 1738252799);
  EXPECT_EQ(coupon().receive_time, 1735693800);
  EXPECT_EQ(coupon().send_request_no, "MCHSEND202003101234");
  EXPECT_EQ(coupon().send_channel, "API");
  EXPECT_EQ(coupon().confirm_request_no, "MCHCONFIRM202003101234");
  EXPECT_EQ(coupon().confirm_time, 1737350975);
  EXPECT_EQ(coupon().deactivate_request_no, "1002600620019090123143254436");
  EXPECT_EQ(coupon().deactivate_time, 1737350975);
  EXPECT_EQ(coupon().deactivate_reason, "商品已下线");
  EXPECT_EQ(coupon().usage_total_count, 10);
  EXPECT_EQ(coupon().usage_used_count, 3);
  EXPECT_EQ(coupon().attach, "example_attach");
  EXPECT_EQ(coupon().channel_custom_info, "example_channel_custom_info");
}

TEST_F(DecodeExample, LeavesAbsentWhatTheFirstEditionDoesNotHave) {
  EXPECT_EQ(coupon().user_coupon_bundle_id, std::nullopt);
  EXPECT_EQ(coupon().user_coupon_bundle_index, std::nullopt);
  EXPECT_EQ(coupon().member_card_id, std::nullopt);
  EXPECT_EQ(coupon().coupon_tag_list, std::nullopt);
  EXPECT_EQ(coupon().brand_id, std::nullopt);
  EXPECT_EQ(stock().stock_bundle_id, std::nullopt);
  EXPECT_EQ(stock().stock_bundle_index, std::nullopt);
  EXPECT_EQ(product().progressive_bundle_usage_count, std::nullopt);
  EXPECT_EQ(product().progressive_bundle_usage_interval_days, std::nullopt);
}

void expect_common_usage(const UsageDetail& usage) {
  EXPECT_EQ(usage.item_index, 0);
  EXPECT_EQ(usage.use_request_no, "MCHUSE202003101234");
  EXPECT_EQ(usage.use_time, kUsed);
  EXPECT_EQ(usage.transaction_id, "4200000000123456789123456789");
  EXPECT_EQ(usage.out_trade_no, "trade_no_20250724123456");
  EXPECT_EQ(usage.mchid, "1234567890");
  EXPECT_EQ(usage.sub_mchid, "1234567890");
  EXPECT_EQ(usage.pay_score_order_id, std::nullopt);
  EXPECT_EQ(usage.pay_score_out_order_no, std::nullopt);
  EXPECT_EQ(usage.return_request_no, "MCHRETURN202003101234");
  EXPECT_EQ(usage.return_time, kReturned);
}

TEST_F(DecodeExample, GivesTheUses) {
  ASSERT_EQ(coupon().usage_details.size(), 2U);
  const UsageDetail& single = coupon().usage_details[0];
  EXPECT_EQ(single.usage_mode, UsageMode::single);
  expect_common_usage(single);
  EXPECT_EQ(single.detail_state, std::nullopt);
  EXPECT_EQ(single.valid_begin_time, std::nullopt);
  EXPECT_EQ(single.valid_end_time, std::nullopt);
  EXPECT_EQ(single.delete_time, std::nullopt);
  const UsageDetail& round = coupon().usage_details[1];
  EXPECT_EQ(round.usage_mode, UsageMode::sequential);
  expect_common_usage(round);
  EXPECT_EQ(round.detail_state, "USED");
  EXPECT_EQ(round.valid_begin_time, 1753286400);
  EXPECT_EQ(round.valid_end_time, 1753891199);
  EXPECT_EQ(round.delete_time, kReturned);
}

TEST_F(DecodeExample, GivesTheProduct) {
  EXPECT_EQ(product().product_coupon_id, "1002323");
  EXPECT_EQ(product().scope, "ALL");
  EXPECT_EQ(product().type, "NORMAL");
  EXPECT_EQ(product().usage_mode, "SEQUENTIAL");
  EXPECT_EQ(product().single_usage_normal_coupon_threshold, 10000);
  EXPECT_EQ(product().single_usage_normal_coupon_discount_amount, 100);
  EXPECT_EQ(product().single_usage_discount_coupon_threshold, 10000);
  EXPECT_EQ(product().single_usage_discount_coupon_percent_off, 30);
  EXPECT_EQ(product().sequential_usage_type, "EQUAL");
  EXPECT_EQ(product().sequential_usage_count, 10);
  EXPECT_EQ(product().sequential_usage_available_days, 10);
  EXPECT_EQ(product().sequential_usage_interval_days, 1);
  EXPECT_EQ(product().name, "全场满100可减10元");
  EXPECT_EQ(product().image_url, "https://wxpaylogo.qpic.cn/wxpaylogo/xxxxx/xxx");
  EXPECT_EQ(product().background_url, "https://wxpaylogo.qpic.cn/wxpaylogo/xxxxx/xxx");
  EXPECT_EQ(product().detail_image_url_list, R"(["https://wxpaylogo.qpic.cn/wxpaylogo/xxxxx/xxx"])");
  EXPECT_EQ(product().original_price, 10000);
  EXPECT_EQ(product().out_product_no, "Product_1234567890");
  EXPECT_EQ(product().state, "AUDITING");
  EXPECT_EQ(product().deactivate_request_no, "1002600620019090123143254436");
  EXPECT_EQ(product().deactivate_time, 1750397375);
  EXPECT_EQ(product().deactivate_reason, "商品已下架");
}

TEST_F(DecodeExample, GivesTheComboChoice) {
  ASSERT_EQ(product().combo_choices.size(), 1U);
  const ComboChoice& choice = product().combo_choices[0];
  EXPECT_EQ(choice.package_index, 0);
  EXPECT_EQ(choice.choice_index, 0);
  EXPECT_EQ(choice.package_name, "咖啡2选1");
  EXPECT_EQ(choice.pick_count, 3);
  EXPECT_EQ(choice.name, "美式");
  EXPECT_EQ(choice.price, 10000);
  EXPECT_EQ(choice.count, 2);
  EXPECT_EQ(choice.image_url, "https://wxpaylogo.qpic.cn/wxpaylogo/xxxxx/xxx");
  EXPECT_EQ(choice.mini_program_appid, "wx4fd12345678");
  EXPECT_EQ(choice.mini_program_path, "/pages/index/index");
}

TEST_F(DecodeExample, GivesTheStocksScalars) {
  EXPECT_EQ(stock().stock_id, "123456789");
  EXPECT_EQ(stock().product_coupon_id, "200000001");
  EXPECT_EQ(stock().remark, "满减券");
  EXPECT_EQ(stock().coupon_code_mode, "UPLOAD");
  EXPECT_EQ(stock().coupon_code_total_count, 10000);
  EXPECT_EQ(stock().coupon_code_available_count, 999);
  EXPECT_EQ(stock().max_count, 10000000);
  EXPECT_EQ(stock().max_count_per_day, 10000);
  EXPECT_EQ(stock().max_count_per_user, 1);
  EXPECT_EQ(stock().special_first, false);
  EXPECT_EQ(stock().notify_appid, "wx4fd12345678");
  EXPECT_EQ(stock().store_scope, "SPECIFIC");
  EXPECT_EQ(stock().sent_total_count, 100);
  EXPECT_EQ(stock().sent_today_count, 10);
  EXPECT_EQ(stock().state, "SENDING");
  EXPECT_EQ(stock().deactivate_request_no, "1002600620019090123143254436");
  EXPECT_EQ(stock().deactivate_time, 1735660800);
  EXPECT_EQ(stock().deactivate_reason, "批次信息有误,重新创建");
}

TEST_F(DecodeExample, GivesTheStocksDisplay) {
  EXPECT_EQ(stock().coupon_usage_method_list, R"(["MINI_PROGRAM"])");
  EXPECT_EQ(stock().usage_rule_mini_program_appid, "wx1234567890");
  EXPECT_EQ(stock().usage_rule_mini_program_path, "/pages/index/product");
  EXPECT_EQ(stock().app_path, "https://www.example.com/jump-to-app");
  EXPECT_EQ(stock().usage_description, "全场可用");
  EXPECT_EQ(stock().store_info_description, "可在上海市区的所有门店使用,详细列表参考小程序内信息为准");
  EXPECT_EQ(stock().store_info_mini_program_appid, "wx1234567890");
  EXPECT_EQ(stock().store_info_mini_program_path, "/pages/index/store-list");
  EXPECT_EQ(stock().code_display_mode, "QRCODE");
  EXPECT_EQ(stock().background_color, "Color010");
  EXPECT_EQ(stock().entrance_mini_program_appid, "wx1234567890");
  EXPECT_EQ(stock().entrance_mini_program_path, "/pages/index/product");
  EXPECT_EQ(stock().entrance_wording, "欢迎选购");
  EXPECT_EQ(stock().guidance_wording, "获取更多优惠");
  EXPECT_EQ(stock().entrance_official_account_appid, "wx1234567890");
  EXPECT_EQ(stock().finder_id, "gh_12345678");
  EXPECT_EQ(stock().finder_video_id, "UDFsdf24df34dD456Hdf34");
  EXPECT_EQ(stock().finder_video_cover_image_url, "https://wxpaylogo.qpic.cn/wxpaylogo/xxxxx/xxx");
}

TEST_F(DecodeExample, GivesTheStocksBenefits) {
  const std::vector<StockBenefit>& benefits = stock().benefits;
  ASSERT_EQ(benefits.size(), 6U);
  for (std::size_t i = 0; i < benefits.size(); ++i) {
    EXPECT_EQ(benefits[i].usage_mode, i < 3 ? UsageMode::single : UsageMode::sequential);
    EXPECT_EQ(benefits[i].item_index, 0);
    EXPECT_EQ(benefits[i].threshold, 10000);
  }
  for (const std::size_t i : {0U, 3U}) {
    EXPECT_EQ(benefits[i].kind, "NORMAL");
    EXPECT_EQ(benefits[i].discount_amount, 100);
    EXPECT_EQ(benefits[i].percent_off, std::nullopt);
    EXPECT_EQ(benefits[i].exchange_price, std::nullopt);
    EXPECT_EQ(benefits[i + 1].kind, "DISCOUNT");
    EXPECT_EQ(benefits[i + 1].discount_amount, std::nullopt);
    EXPECT_EQ(benefits[i + 1].percent_off, 30);
    EXPECT_EQ(benefits[i + 2].kind, "EXCHANGE");
    EXPECT_EQ(benefits[i + 2].percent_off, std::nullopt);
    EXPECT_EQ(benefits[i + 2].exchange_price, 100);
  }
}

TEST_F(DecodeExample, GivesTheStocksPeriods) {
  const std::vector<StockPeriod>& periods = stock().periods;
  ASSERT_EQ(periods.size(), 8U);
  for (const std::size_t i : {0U, 4U}) {
    for (std::size_t j = i; j < i + 4; ++j) {
      EXPECT_EQ(periods[j].usage_mode, i == 0 ? UsageMode::single : UsageMode::sequential);
      EXPECT_EQ(periods[j].item_index, 0);
    }
    EXPECT_EQ(periods[i].kind, "WINDOW");
    EXPECT_EQ(periods[i].begin_time, 1735660800);
    EXPECT_EQ(periods[i].end_time, 1759248000);
    EXPECT_EQ(periods[i].available_days, i == 0 ? Integer(10) : std::nullopt);
    EXPECT_EQ(periods[i].wait_days_after_receive, 1);
    EXPECT_EQ(periods[i + 1].kind, "WEEKLY_DAYS");
    EXPECT_EQ(periods[i + 1].day_list, R"(["MONDAY"])");
    EXPECT_EQ(periods[i + 2].kind, "DAY_PERIOD");
    EXPECT_EQ(periods[i + 2].begin_second, 60);
    EXPECT_EQ(periods[i + 2].end_second, 86399);
    EXPECT_EQ(periods[i + 2].begin_time, std::nullopt);
    EXPECT_EQ(periods[i + 3].kind, "IRREGULAR");
    EXPECT_EQ(periods[i + 3].begin_time, 1735660800);
    EXPECT_EQ(periods[i + 3].end_time, 1759248000);
  }
}

TEST_F(DecodeExample, KeepsTheBytesOfEachPart) {
  json::object entry = json::parse(body_).at("user_coupon_list").at(0).as_object();
  EXPECT_EQ(json::parse(stock().raw_json), entry.at("stock"));
  EXPECT_EQ(json::parse(product().raw_json), entry.at("product_coupon"));
  EXPECT_NE(body_.find(stock().raw_json), std::string::npos);
  EXPECT_NE(body_.find(product().raw_json), std::string::npos);
  entry.erase("stock");
  entry.erase("product_coupon");
  EXPECT_EQ(json::parse(coupon().raw_json), json::value(entry));
  const std::string_view raw = coupon().raw_json;
  EXPECT_EQ(raw.substr(0, 5), "{\n   ");
  EXPECT_NE(body_.find(raw.substr(0, 1000)), std::string::npos);
}

/// Counts the values that are not arrays or objects.
std::size_t leaves(const json::value& value) {
  std::size_t count = 0;
  if (const json::object* object = value.if_object()) {
    for (const json::key_value_pair& member : *object) count += leaves(member.value());
    return count;
  }
  if (const json::array* array = value.if_array()) {
    for (const json::value& element : *array) count += leaves(element);
    return count;
  }
  return 1;
}

TEST_F(DecodeExample, HasNoMoreLeavesThanTheTestsAboveLookAt) {
  // 2 of the page, 14 of the coupon, 8 and 14 of its uses, 30 of the product, 65 of the stock.
  EXPECT_EQ(leaves(json::parse(body_)), 133U);
}

}  // namespace
}  // namespace couponsync
