// What breaks a page, and what only leaves a member absent.
#include "api/page_text.h"
#include "api/test_data.h"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

namespace couponsync {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using namespace couponsync::testing;
namespace json = boost::json;

TEST(BrokenPage, IsABodyThatIsNotJson) {
  EXPECT_EQ(undecodable_detail(""), "the body is not JSON: incomplete JSON at byte 0 of 0");
  EXPECT_THAT(undecodable_detail("<html>"), HasSubstr("the body is not JSON"));
  EXPECT_THAT(undecodable_detail(R"({"a":1 "b":2})"), HasSubstr("at byte 7 of 13"));
  for (const char* body : {"{", "{}{}", "{} x", "\xEF\xBB\xBF{}", "{'a':1}", "{\"a\":1,}", "{\"a\":01}",
                           "{\"a\":NaN}", "{\"a\":\"\xFF\"}", "{\"a\":\"\xC0\x80\"}", "{\"a\":\"\\ud800\"}",
                           "{\"a\":\"\xED\xA0\x80\"}", "{\"a\":\"\n\"}", "/**/{}"})
    EXPECT_THAT(undecodable_detail(body), HasSubstr("the body is not JSON")) << body;
}

TEST(BrokenPage, IsNestingBeyondReasonButNotBelow) {
  const auto nested = [](int depth) {
    return R"({"a":)" + std::string(depth, '[') + std::string(depth, ']') + "}";
  };
  EXPECT_TRUE(decode_page(nested(60)));
  EXPECT_THAT(undecodable_detail(nested(65)), HasSubstr("too deep"));
  EXPECT_THAT(undecodable_detail(nested(1000000)), HasSubstr("too deep"));
}

TEST(BrokenPage, IsATopOrAListOrAnEntryOfAnotherType) {
  EXPECT_EQ(undecodable_detail("[]"), "the body: expected an object, found an array");
  EXPECT_EQ(undecodable_detail("null"), "the body: expected an object, found null");
  EXPECT_EQ(undecodable_detail(R"({"user_coupon_list":{}})"),
            "user_coupon_list: expected an array, found an object");
  EXPECT_EQ(undecodable_detail(R"({"user_coupon_list":"hunter2"})"),
            "user_coupon_list: expected an array, found a string");
  EXPECT_EQ(undecodable_detail(page_of(entry_of() + ",null")),
            "user_coupon_list[1]: expected an object, found null");
  EXPECT_EQ(undecodable_detail(page_of("5")), "user_coupon_list[0]: expected an object, found a number");
}

TEST(BrokenPage, IsACountOrATokenOfAnotherType) {
  for (const char* count : {"-1", "1.5", "\"20\"", "true", "[]", "1e30", "9223372036854775808", "-1e-5"})
    EXPECT_THAT(undecodable_detail(R"({"total_count":)" + std::string(count) + "}"),
                HasSubstr("total_count: expected a whole number from 0, found a"));
  for (const char* token : {"5", "true", "[]", "{}"})
    EXPECT_THAT(undecodable_detail(R"({"next_page_token":)" + std::string(token) + "}"),
                HasSubstr("next_page_token: expected a string, found a"));
}

TEST(BrokenPage, IsAnEntryWithoutItsIdentity) {
  EXPECT_EQ(undecodable_detail(page_of(R"({"stock":{"stock_id":"s"}})")),
            "user_coupon_list[0].coupon_code: expected a string that is not empty, found nothing");
  EXPECT_EQ(undecodable_detail(page_of(R"({"coupon_code":"c"})")),
            "user_coupon_list[0].stock: expected an object, found nothing");
  EXPECT_EQ(undecodable_detail(page_of(entry_of() + "," + entry_of("", "[]"))),
            "user_coupon_list[1].stock: expected an object, found an array");
  for (const auto& [value, kind] : std::map<std::string, std::string>{{"5", "a number"},
                                                                      {"\"\"", "an empty string"},
                                                                      {"null", "nothing"},
                                                                      {"true", "a boolean"},
                                                                      {"[\"c\"]", "an array"}}) {
    EXPECT_EQ(undecodable_detail(page_of(R"({"coupon_code":)" + value + R"(,"stock":{"stock_id":"s"}})")),
              "user_coupon_list[0].coupon_code: expected a string that is not empty, found " + kind);
    EXPECT_EQ(undecodable_detail(page_of(entry_of("", R"({"stock_id":)" + value + "}"))),
              "user_coupon_list[0].stock.stock_id: expected a string that is not empty, found " + kind);
  }
}

TEST(OddMember, IsAbsentAndNamedAndThePageStaysGood) {
  const std::pair<const char*, const char*> table[] = {
      {R"("receive_time":"yesterday")", "receive_time"},
      {R"("receive_time":1735660800)", "receive_time"},
      {R"("receive_time":"")", "receive_time"},
      {R"("coupon_state":5)", "coupon_state"},
      {R"("attach":true)", "attach"},
      {R"("attach":{"hunter2":1})", "attach"},
      {R"("coupon_tag_info":[])", "coupon_tag_info"},
      {R"("coupon_tag_info":{"coupon_tag_list":"x"})", "coupon_tag_info.coupon_tag_list"},
      {R"("coupon_tag_info":{"coupon_tag_list":[["x"]]})", "coupon_tag_info.coupon_tag_list"},
      {R"("coupon_tag_info":{"member_tag_info":7})", "coupon_tag_info.member_tag_info"},
      {R"("sequential_usage_detail":{"used_count":"3"})", "sequential_usage_detail.used_count"},
      {R"("sequential_usage_detail":{"used_count":1e30})", "sequential_usage_detail.used_count"},
      {R"("sequential_usage_detail":{"used_count":9223372036854775808})",
       "sequential_usage_detail.used_count"},
      {R"("sequential_usage_detail":{"used_count":3.5})", "sequential_usage_detail.used_count"},
      {R"("sequential_usage_detail":{"detail_item_list":{}})", "sequential_usage_detail.detail_item_list"},
  };
  for (const auto& [member, path] : table) {
    const Page page = decoded(page_of(entry_of() + "," + entry_of(std::string(",") + member)));
    EXPECT_EQ(page.coupons.size(), 2U);
    EXPECT_THAT(page.oddities, ElementsAre(std::string("user_coupon_list[1].") + path)) << member;
    EXPECT_THAT(page.coupons.at(1).raw_json, HasSubstr(member));
    EXPECT_EQ(page.coupons.at(1).receive_time, std::nullopt);
    EXPECT_EQ(page.coupons.at(1).coupon_state, std::nullopt);
    EXPECT_EQ(page.coupons.at(1).attach, std::nullopt);
    EXPECT_EQ(page.coupons.at(1).coupon_tag_list, std::nullopt);
    EXPECT_EQ(page.coupons.at(1).usage_used_count, std::nullopt);
  }
}

TEST(OddMember, IsNotAnIntegerAtTheEdgesOfSixtyFourBits) {
  const auto used = [](const char* number) {
    return decoded(
               page_of(entry_of(R"(,"sequential_usage_detail":{"used_count":)" + std::string(number) + "}")))
        .coupons.at(0)
        .usage_used_count;
  };
  EXPECT_EQ(used("3.0"), 3);
  EXPECT_EQ(used("-0.0"), 0);
  EXPECT_EQ(used("1e3"), 1000);
  EXPECT_EQ(used("9223372036854775807"), INT64_MAX);
  EXPECT_EQ(used("-9223372036854775808"), INT64_MIN);
  EXPECT_EQ(used("-9223372036854775809"), INT64_MIN) << "a double: the nearest there is";
  EXPECT_EQ(used("9223372036854775807.0"), std::nullopt);
  EXPECT_EQ(used("1e400"), std::nullopt);
}

/// Calls `visit` with each leaf's path and the leaf, which may be changed meanwhile.
void for_each_leaf(json::value& value, const std::string& path,
                   const std::function<void(const std::string&, json::value&)>& visit) {
  if (json::object* object = value.if_object()) {
    for (json::key_value_pair& member : *object)
      for_each_leaf(member.value(), path + (path.empty() ? "" : ".") + std::string(member.key()), visit);
  } else if (json::array* array = value.if_array()) {
    for (std::size_t i = 0; i < array->size(); ++i)
      for_each_leaf((*array)[i], path + "[" + std::to_string(i) + "]", visit);
  } else {
    visit(path, value);
  }
}

bool breaks_the_page(const std::string& path) {
  return path == "total_count" || path == "next_page_token" || path == "user_coupon_list[0].coupon_code" ||
         path == "user_coupon_list[0].stock.stock_id";
}

/// Elements of scalar lists are not members: their list is what is odd.
std::string member_path(const std::string& path) {
  return path.ends_with(']') ? path.substr(0, path.rfind('[')) : path;
}

TEST(OddMember, IsNoticedAtEveryLeafOfTheExample) {
  json::value example = json::parse(read_test_data("list-user-coupons.example.json"));
  int seen = 0;
  for_each_leaf(example, "", [&](const std::string& path, json::value& leaf) {
    const json::value before = leaf;
    leaf = json::object{{"hunter2", "hunter2"}};
    const std::string body = json::serialize(example);
    if (breaks_the_page(path))
      EXPECT_THAT(undecodable_detail(body), HasSubstr(path + ": expected"));
    else
      EXPECT_THAT(decoded(body).oddities, ElementsAre(member_path(path)));
    leaf = before;
    ++seen;
  });
  EXPECT_EQ(seen, 133);
}

TEST(OddMember, IsNotWhatIsMerelyNullAtAnyLeafOfTheExample) {
  json::value example = json::parse(read_test_data("list-user-coupons.example.json"));
  for_each_leaf(example, "", [&](const std::string& path, json::value& leaf) {
    if (breaks_the_page(path) || path == "user_coupon_list[0].product_coupon.product_coupon_id") return;
    const json::value before = leaf;
    leaf = nullptr;
    EXPECT_THAT(decoded(json::serialize(example)).oddities, IsEmpty()) << path;
    leaf = before;
  });
}

}  // namespace
}  // namespace couponsync
