#include "api/decoder.h"

#include "api/page_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace couponsync {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using namespace couponsync::testing;

TEST(DecodePage, TakesAPageWithoutAListAsEmpty) {
  for (const char* body : {R"({"total_count":0})", R"({"user_coupon_list":null,"total_count":0})",
                           R"({"user_coupon_list":[],"total_count":0})", " {\n\"total_count\"\t: 0}\r\n\t ",
                           R"({"user_coupon_list":[],"total_count":0,"next_page_token":null,"new":1})"}) {
    const Page page = decoded(body);
    EXPECT_THAT(page.coupons, IsEmpty());
    EXPECT_THAT(page.stocks, IsEmpty());
    EXPECT_THAT(page.products, IsEmpty());
    EXPECT_THAT(page.oddities, IsEmpty());
    EXPECT_EQ(page.next_page_token, std::nullopt);
    EXPECT_EQ(page.total_count, 0);
    EXPECT_EQ(page.refused_entries, 0);
  }
}

TEST(DecodePage, KeepsATokenWhoseListIsAbsent) {
  EXPECT_EQ(decoded(R"({"next_page_token":"t"})").next_page_token, "t");
  EXPECT_EQ(decoded(R"({"total_count":0,"next_page_token":""})").next_page_token, std::nullopt);
  EXPECT_EQ(decoded(R"({"total_count":0,"next_page_token":null})").next_page_token, std::nullopt);
}

TEST(DecodePage, TakesAWholeDoubleAsACount) {
  EXPECT_EQ(decoded(R"({"total_count":3.0})").total_count, 3);
  EXPECT_EQ(decoded(R"({"total_count":2e1})").total_count, 20);
  EXPECT_EQ(decoded(R"({"total_count":0})").total_count, 0);
  EXPECT_EQ(decoded(R"({"total_count":9223372036854775807})").total_count, 9223372036854775807);
}

TEST(DecodePage, NeedsOnlyIdentity) {
  const Page page = decoded(page_of(entry_of()));
  ASSERT_EQ(page.coupons.size(), 1U);
  EXPECT_EQ(page.coupons[0].stock_id, "s");
  EXPECT_EQ(page.coupons[0].coupon_code.reveal(), "c");
  EXPECT_EQ(page.coupons[0].product_coupon_id, std::nullopt);
  EXPECT_EQ(page.coupons[0].coupon_state, std::nullopt);
  EXPECT_THAT(page.coupons[0].usage_details, IsEmpty());
  EXPECT_EQ(page.coupons[0].raw_json, R"({"coupon_code":"c"})");
  ASSERT_EQ(page.stocks.size(), 1U);
  EXPECT_EQ(page.stocks[0].raw_json, R"({"stock_id":"s"})");
  EXPECT_THAT(page.stocks[0].benefits, IsEmpty());
  EXPECT_THAT(page.stocks[0].periods, IsEmpty());
  EXPECT_THAT(page.products, IsEmpty());
  EXPECT_THAT(page.oddities, IsEmpty());
}

TEST(DecodePage, TakesNullAsAbsentEverywhere) {
  const Page page = decoded(page_of(entry_of(
      R"(,"product_coupon":null,"coupon_state":null,"valid_begin_time":null,"single_usage_detail":null,
         "sequential_usage_detail":{"total_count":null,"detail_item_list":null},
         "progressive_bundle_usage_detail":null,"coupon_tag_info":{"coupon_tag_list":null,"member_tag_info":null},
         "user_product_coupon_bundle_info":null,"attach":null)",
      R"({"stock_id":"s","remark":null,"stock_send_rule":null,"sent_count_info":{"total_count":null},
          "sequential_usage_rule":{"special_first":null,"normal_coupon_list":null},
          "single_usage_rule":{"normal_coupon":null,"coupon_available_period":{"available_days":null}}})")));
  EXPECT_THAT(page.oddities, IsEmpty());
  EXPECT_THAT(page.coupons.at(0).usage_details, IsEmpty());
  EXPECT_THAT(page.stocks.at(0).benefits, IsEmpty());
  EXPECT_THAT(page.stocks.at(0).periods, IsEmpty());
}

TEST(DecodePage, ToleratesMembersAndValuesItDoesNotKnow) {
  const Page page = decoded(R"({"new":{"deep":[1,{"er":null}]},"user_coupon_list":[)" +
                            entry_of(R"(,"coupon_state":"TELEPORTED","brand_new":{"x":[1,2]})",
                                     R"({"stock_id":"s","state":"未来","n":1})") +
                            "]}");
  EXPECT_THAT(page.oddities, IsEmpty());
  EXPECT_EQ(page.coupons.at(0).coupon_state, "TELEPORTED");
  EXPECT_EQ(page.coupons.at(0).raw_json,
            R"({"coupon_code":"c","coupon_state":"TELEPORTED","brand_new":{"x":[1,2]}})");
  EXPECT_EQ(page.stocks.at(0).state, "未来");
}

TEST(DecodePage, TakesTheProductsIdFromTheProductElseFromTheStock) {
  const std::string stock = R"({"stock_id":"s","product_coupon_id":"of stock"})";
  const auto id = [&](const std::string& product) {
    return decoded(page_of(entry_of(product, stock))).coupons.at(0).product_coupon_id;
  };
  EXPECT_EQ(id(R"(,"product_coupon":{"product_coupon_id":"of product"})"), "of product");
  EXPECT_EQ(id(""), "of stock");
  EXPECT_EQ(id(R"(,"product_coupon":null)"), "of stock");
  EXPECT_EQ(id(R"(,"product_coupon":{})"), "of stock");
}

TEST(DecodePage, HasNoRowForAProductWithoutAnId) {
  for (const char* product : {"{}", R"({"product_coupon_id":5})", R"({"product_coupon_id":""})",
                              R"({"product_coupon_id":null,"name":"x"})"}) {
    const Page page = decoded(page_of(entry_of(R"(,"product_coupon":)" + std::string(product))));
    EXPECT_THAT(page.products, IsEmpty());
    EXPECT_THAT(page.oddities, ElementsAre(odd_at("user_coupon_list[0].product_coupon.product_coupon_id")));
  }
  const Page page = decoded(page_of(entry_of(R"(,"product_coupon":"x")")));
  EXPECT_THAT(page.oddities, ElementsAre(odd_at("user_coupon_list[0].product_coupon")));
}

TEST(DecodePage, KeepsEntriesOfTheSameCouponInOrder) {
  const Page page = decoded(
      page_of(entry_of(R"(,"coupon_state":"EFFECTIVE")") + "," + entry_of(R"(,"coupon_state":"USED")")));
  ASSERT_EQ(page.coupons.size(), 2U);
  EXPECT_EQ(page.coupons[0].coupon_state, "EFFECTIVE");
  EXPECT_EQ(page.coupons[1].coupon_state, "USED");
}

TEST(DecodePage, TakesTheLastOfMembersNamedTwice) {
  const Page page = decoded(
      R"({"total_count":1,"total_count":2,"user_coupon_list":[5],"user_coupon_list":[{"coupon_code":"a","coupon_code":"b",)"
      R"("stock":{"stock_id":"1"},"attach":"x","stock":{"stock_id":"2","stock_id":"3"}}]})");
  EXPECT_EQ(page.total_count, 2);
  EXPECT_EQ(page.coupons.at(0).coupon_code.reveal(), "b");
  EXPECT_EQ(page.coupons.at(0).stock_id, "3");
  EXPECT_EQ(page.stocks.at(0).raw_json, R"({"stock_id":"2","stock_id":"3"})");
  EXPECT_EQ(page.coupons.at(0).raw_json, R"({"coupon_code":"a","coupon_code":"b","attach":"x"})");
}

TEST(DecodePage, KnowsMembersWrittenWithEscapes) {
  const Page page = decoded(
      R"({"user_coupon_list":[{"coupon\u005fcode":"\u5238","st\u006fck":{"stock_id":"s"},"product_coup\u006fn":{"product_coupon_id":"p"}}]})");
  EXPECT_EQ(page.coupons.at(0).coupon_code.reveal(), "券");
  EXPECT_EQ(page.coupons.at(0).raw_json, R"({"coupon\u005fcode":"\u5238"})");
  EXPECT_EQ(page.stocks.at(0).raw_json, R"({"stock_id":"s"})");
  EXPECT_EQ(page.products.at(0).raw_json, R"({"product_coupon_id":"p"})");
}

TEST(DecodePage, NumbersTheRoundsByTheirPlace) {
  const Page page = decoded(page_of(entry_of(
      R"(,"sequential_usage_detail":{"detail_item_list":[{"detail_state":"A"},null,7,{"detail_state":"D"}]})")));
  const auto& rounds = page.coupons.at(0).usage_details;
  ASSERT_EQ(rounds.size(), 2U);
  EXPECT_EQ(rounds[0].item_index, 0);
  EXPECT_EQ(rounds[1].item_index, 3);
  EXPECT_EQ(rounds[1].detail_state, "D");
  EXPECT_THAT(page.oddities,
              ElementsAre(odd_at("user_coupon_list[0].sequential_usage_detail.detail_item_list[2]")));
}

TEST(DecodePage, NumbersBenefitsPeriodsAndChoicesByTheirPlace) {
  const Page page = decoded(page_of(entry_of(
      R"(,"product_coupon":{"product_coupon_id":"p","display_info":{"combo_package_list":[
           {"name":"A","choice_list":[{"name":"a"},{"name":"b"}]},{"choice_list":[{"name":"c"}]},{"name":"empty"}]}})",
      R"({"stock_id":"s","sequential_usage_rule":{"special_first":true,
          "normal_coupon_list":[{"threshold":1},{"threshold":2}],"exchange_coupon_list":[{"exchange_price":3}],
          "coupon_available_period":{"weekly_available_period":{"day_period_list":[{"begin_time":1},{"end_time":2}]},
          "irregular_available_period_list":[{},{"end_time":"2025-01-01T00:00Z"}]}}})")));
  EXPECT_THAT(page.oddities, IsEmpty());
  const Stock& stock = page.stocks.at(0);
  EXPECT_EQ(stock.special_first, true);
  std::vector<std::string> rows;
  for (const StockBenefit& row : stock.benefits) rows.push_back(row.kind + std::to_string(row.item_index));
  for (const StockPeriod& row : stock.periods) rows.push_back(row.kind + std::to_string(row.item_index));
  for (const ComboChoice& row : page.products.at(0).combo_choices)
    rows.push_back(*row.name + std::to_string(row.package_index) + std::to_string(row.choice_index));
  EXPECT_THAT(rows, ElementsAre("NORMAL0", "NORMAL1", "EXCHANGE0", "DAY_PERIOD0", "DAY_PERIOD1", "IRREGULAR0",
                                "IRREGULAR1", "a00", "b01", "c10"));
  EXPECT_EQ(page.products.at(0).combo_choices[1].package_name, "A");
  EXPECT_EQ(page.products.at(0).combo_choices[2].package_name, std::nullopt);
}

}  // namespace
}  // namespace couponsync
