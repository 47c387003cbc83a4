// Stocks and products ride along in every entry: once each on the page, as last seen.
#include "api/page_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace couponsync {
namespace {

using ::testing::ElementsAre;
using namespace couponsync::testing;

std::string entry_with_stock(const std::string& id, int sent) {
  return entry_of(
      "", R"({"stock_id":")" + id + R"(","sent_count_info":{"total_count":)" + std::to_string(sent) + "}}");
}

std::string entry_with_product(const std::string& id, const std::string& state) {
  return entry_of(R"(,"product_coupon":{"product_coupon_id":")" + id + R"(","state":")" + state + "\"}");
}

TEST(RepeatedStock, IsOnThePageOnceAsLastSeen) {
  const Page page = decoded(
      page_of(entry_with_stock("a", 1) + "," + entry_with_stock("b", 5) + "," + entry_with_stock("a", 2)));
  ASSERT_EQ(page.stocks.size(), 2U);
  EXPECT_EQ(page.stocks[0].stock_id, "a");
  EXPECT_EQ(page.stocks[0].sent_total_count, 2);
  EXPECT_EQ(page.stocks[1].stock_id, "b");
  EXPECT_EQ(page.coupons.at(2).stock_id, "a");
}

TEST(RepeatedStock, CountsAsLastSeenAlsoWithBytesKnownFromBefore) {
  const Page page = decoded(
      page_of(entry_with_stock("a", 1) + "," + entry_with_stock("a", 2) + "," + entry_with_stock("a", 1)));
  ASSERT_EQ(page.stocks.size(), 1U);
  EXPECT_EQ(page.stocks[0].sent_total_count, 1);
}

TEST(RepeatedStock, IsNotTakenForTheSameWhenOnlyItsBytesDiffer) {
  const std::string spaced = R"({ "stock_id":"a"})";
  const Page page = decoded(page_of(entry_of("", R"({"stock_id":"a"})") + "," + entry_of("", spaced)));
  ASSERT_EQ(page.stocks.size(), 1U);
  EXPECT_EQ(page.stocks[0].raw_json, spaced);
}

TEST(RepeatedStock, IsNamedAmongTheOdditiesOnceForTheSameBytes) {
  const std::string odd = R"({"stock_id":"a","remark":1})";
  const Page page = decoded(page_of(entry_of("", odd) + "," + entry_of("", odd)));
  EXPECT_THAT(page.oddities, ElementsAre(odd_at("user_coupon_list[0].stock.remark")));
}

TEST(RepeatedProduct, IsOnThePageOnceAsLastSeen) {
  const Page page = decoded(page_of(entry_with_product("p", "A") + "," + entry_with_product("q", "B") + "," +
                                    entry_with_product("p", "C") + "," + entry_with_product("p", "C")));
  ASSERT_EQ(page.products.size(), 2U);
  EXPECT_EQ(page.products[0].product_coupon_id, "p");
  EXPECT_EQ(page.products[0].state, "C");
  EXPECT_EQ(page.products[1].product_coupon_id, "q");
  EXPECT_EQ(page.coupons.at(3).product_coupon_id, "p");
}

TEST(RepeatedProduct, GivesItsIdToEveryEntryOfAFullPage) {
  std::string entries = entry_with_product("p", "A");
  for (int i = 1; i < 50; ++i) entries.append(",").append(entry_with_product("p", "A"));
  const Page page = decoded(page_of(entries));
  EXPECT_EQ(page.coupons.size(), 50U);
  EXPECT_EQ(page.stocks.size(), 1U);
  EXPECT_EQ(page.products.size(), 1U);
  for (const Coupon& coupon : page.coupons) EXPECT_EQ(coupon.product_coupon_id, "p");
}

}  // namespace
}  // namespace couponsync
