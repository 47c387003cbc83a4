#include "api/raw_slices.h"

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

namespace couponsync {
namespace {

EntrySlices slice(const std::string& entry) {
  const auto slices = slice_entries("{\"user_coupon_list\":[" + entry + "]}");
  EXPECT_EQ(slices.size(), 1U);
  return slices.empty() ? EntrySlices{} : slices.front();
}

TEST(SliceEntries, CutsStockAndProductOutWhereverTheyStand) {
  const char* stock = R"({ "a" : [1, {"b":"}],\"x"}] })";
  const std::string s = "\"stock\": " + std::string(stock);
  const std::string p = R"("product_coupon":{"stock":"x"})";
  const std::pair<std::string, std::string> table[] = {
      {"{" + s + "," + p + ",\"a\":1,\"b\":2}", R"({"a":1,"b":2})"},
      {"{\"a\":1," + s + "," + p + ",\"b\":2}", R"({"a":1,"b":2})"},
      {"{\"a\":1,\"b\":2," + p + "," + s + "}", R"({"a":1,"b":2})"},
      {"{" + p + ",\"a\":1," + s + ",\"b\":2}", R"({"a":1,"b":2})"},
      {"{" + p + ",\"a\":1,\"b\":2," + s + "}", R"({"a":1,"b":2})"},
      {"{" + s + "," + p + "}", "{}"},
  };
  for (const auto& [entry, rest] : table) {
    const std::string document = "{\"user_coupon_list\":[" + entry + "]}";
    const auto slices = slice_entries(document);
    ASSERT_EQ(slices.size(), 1U);
    EXPECT_EQ(slices[0].rest, rest) << entry;
    EXPECT_EQ(slices[0].stock, stock);
    EXPECT_EQ(slices[0].product_coupon, R"({"stock":"x"})");
  }
}

TEST(SliceEntries, KeepsTheBytesOfTheRest) {
  EXPECT_EQ(slice("{ \"a\" : 1.50e0 ,\n\t\"b\":\"\\u5238\\\"\" , \"stock\" : {} ,\r\n \"c\":[ ] }").rest,
            "{ \"a\" : 1.50e0 ,\n\t\"b\":\"\\u5238\\\"\" ,\r\n \"c\":[ ] }");
  EXPECT_EQ(slice(R"({"a":-0,"b":true,"c":null})").rest, R"({"a":-0,"b":true,"c":null})");
}

TEST(SliceEntries, KnowsAKeyWrittenWithEscapes) {
  const std::string document =
      R"({"user_coupon_\u006cist":[{"st\u006fck":{"stock_id":"1"},"product\u005fcoupon":5,"st\\ock":2}]})";
  const auto slices = slice_entries(document);
  ASSERT_EQ(slices.size(), 1U);
  EXPECT_EQ(slices[0].rest, R"({"st\\ock":2})");
  EXPECT_EQ(slices[0].stock, R"({"stock_id":"1"})");
  EXPECT_EQ(slices[0].product_coupon, "5");
}

TEST(SliceEntries, TakesTheLastOfMembersNamedTwice) {
  const std::string document =
      R"({"user_coupon_list":[{"x":1},{}],"user_coupon_list":[{"stock":1,"a":1,"stock":2,"a":2}]})";
  const auto slices = slice_entries(document);
  ASSERT_EQ(slices.size(), 1U);
  EXPECT_EQ(slices[0].stock, "2");
  EXPECT_EQ(slices[0].rest, R"({"a":1,"a":2})");
}

TEST(SliceEntries, IsNotMisledByNamesElsewhere) {
  const std::string document =
      R"({"x":{"user_coupon_list":[{}]},"y":"\"user_coupon_list\":[{}]","user_coupon_list":[{"a":{"stock":1},"b":["stock"]}]})";
  const auto slices = slice_entries(document);
  ASSERT_EQ(slices.size(), 1U);
  EXPECT_EQ(slices[0].stock, "");
  EXPECT_EQ(slices[0].rest, R"({"a":{"stock":1},"b":["stock"]})");
}

TEST(SliceEntries, HasOneSliceForEachElementEvenIfItIsNoObject) {
  EXPECT_EQ(slice_entries(R"( { "user_coupon_list" : [ 1 , "x" , null , [ { } ] , { } , -1.5e3 ] } )").size(),
            6U);
  EXPECT_TRUE(slice_entries("{}").empty());
  EXPECT_TRUE(slice_entries(R"({"user_coupon_list":[]})").empty());
  EXPECT_TRUE(slice_entries(R"({"user_coupon_list":null})").empty());
  EXPECT_TRUE(slice_entries(R"({"user_coupon_list":{"a":[1]},"b":1})").empty());
}

}  // namespace
}  // namespace couponsync
