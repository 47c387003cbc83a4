// What breaks a page, and what only leaves a member absent.
#include "api/mended_json.h"
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

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;
using namespace couponsync::testing;
namespace json = boost::json;

TEST(BrokenPage, IsAnObjectThatIsNotJson) {
  EXPECT_EQ(undecodable_detail("{"), "the body is not JSON: incomplete JSON at byte 1 of 1");
  EXPECT_THAT(undecodable_detail(R"({"a":1 "b":2})"), HasSubstr("at byte 7 of 13"));
  for (const char* body : {"{}{}", "{} x", "{'a':1}", "{\"a\":1,}", "{\"a\":01}", "{\"a\":NaN}",
                           "{\"a\":\"\\x\"}", "{\"a\":\"\\u12\"}", "{\"a\":\"\\ud83", "{\"a\":\"\xFF",
                           "{\xFF\"a\":1}", "{/**/}", "{\"a\":1e}", "{\"a\":[}", "{\"a\":\"\\"})
    EXPECT_THAT(undecodable_detail(body), HasSubstr("the body is not JSON")) << body;
}

TEST(BrokenPage, IsNoneForNestingBeyondReason) {
  const auto nested = [](std::size_t depth) {
    return page_of(entry_of(R"(,"attach":"a","deep":)" + std::string(depth, '[') + std::string(depth, ']')));
  };
  constexpr std::size_t kDepthOfEntry = 3;
  const Page deepest = decoded(nested(kMaxJsonDepth - kDepthOfEntry));
  EXPECT_THAT(deepest.oddities, IsEmpty());
  for (const std::size_t depth : {kMaxJsonDepth - kDepthOfEntry + 1, std::size_t{1'000'000}}) {
    const Page page = decoded(nested(depth));
    ASSERT_EQ(page.coupons.size(), 1U);
    EXPECT_EQ(page.coupons[0].attach, "a");
    EXPECT_THAT(page.coupons[0].raw_json, HasSubstr("[[[null ]]]"));
    EXPECT_THAT(page.oddities, ElementsAre(AllOf(StartsWith("user_coupon_list[0].deep[0][0][0]"),
                                                 EndsWith("…: nested too deep, and null in raw_json"))));
  }
}

TEST(BrokenPage, IsNoneForNestingThatNeverEnds) {
  EXPECT_THAT(undecodable_detail(R"({"a":)" + std::string(1'000'000, '[')), HasSubstr("not JSON"));
  EXPECT_THAT(undecodable_detail(R"({"a":)" + std::string(1'000, '[') + std::string(900, ']')),
              HasSubstr("not JSON"));
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
      {R"("coupon_tag_info":{"coupon_tag_list":[1e999]})", "coupon_tag_info.coupon_tag_list"},
      {R"("coupon_tag_info":{"coupon_tag_list":[0e999]})", "coupon_tag_info.coupon_tag_list"},
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
    EXPECT_THAT(page.oddities, ElementsAre(odd_at("user_coupon_list[1]." + std::string(path)))) << member;
    EXPECT_THAT(page.oddities, ElementsAre(Not(HasSubstr("hunter2"))));
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
  EXPECT_EQ(used("1000000000000000.0"), 1'000'000'000'000'000);
  for (std::int64_t number = 1; number < 1'000'000'000'000'000; number = number * 3 + 1)
    for (const char* zeros : {".0", ".00", "e0", "000e-3"})
      EXPECT_EQ(used((std::to_string(number) + zeros).c_str()), number) << number << zeros;
  for (const char* none :
       {"-9223372036854775809", "9223372036854775808", "9223372036854775807.0", "9007199254740993.0",
        "9007199254740991.0", "-9007199254740993.0", "1e400", "-1e400", "1.5", "1e-1"})
    EXPECT_EQ(used(none), std::nullopt) << none << " is not for certain a whole number, or not which";
  EXPECT_EQ(used("-0"), 0);
}

TEST(OddMember, IsANumberWithAnExponentBeyondReason) {
  for (const std::string sign : {"", "+", "-"})
    for (const std::string exponent :
         {"2147483647", "2147483648", "99999999999999999999", "0000000000000000000003"}) {
      const std::string number = "1e" + sign + exponent;
      const Page page = decoded(page_of(entry_of(R"(,"new":)" + number)));
      EXPECT_EQ(page.coupons.at(0).raw_json, R"({"coupon_code":"c","new":)" + number + "}");
      EXPECT_EQ(page.refused_entries, 0);
    }
  const Page page = decoded(
      page_of(entry_of(R"(,"sequential_usage_detail":{"used_count":1E2147483648,"total_count":1e0000003})")));
  EXPECT_EQ(page.coupons.at(0).usage_used_count, std::nullopt);
  EXPECT_EQ(page.coupons.at(0).usage_total_count, 1000);
  EXPECT_THAT(page.oddities, ElementsAre(odd_at("user_coupon_list[0].sequential_usage_detail.used_count")));
  EXPECT_EQ(decoded(R"({"total_count":2,"a":[true,false,0e0,1E99999999999]})").total_count, 2);
}

TEST(OddMember, IsATotalThatIsNone) {
  for (const char* count : {"-1", "1.5", "\"20\"", "true", "[]", "1e30", "9223372036854775808", "-1e-5"}) {
    const Page page = decoded(R"({"user_coupon_list":[],"total_count":)" + std::string(count) + "}");
    EXPECT_EQ(page.total_count, std::nullopt);
    EXPECT_THAT(page.oddities,
                ElementsAre(StartsWith("total_count: expected a whole number from 0, found a")));
  }
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

bool refuses_the_entry(const std::string& path) {
  return path == "user_coupon_list[0].coupon_code" || path == "user_coupon_list[0].stock.stock_id";
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
    if (path == "next_page_token") {
      EXPECT_EQ(decode_page(body).error().kind, FailureKind::not_a_listing);
    } else if (refuses_the_entry(path)) {
      EXPECT_EQ(decoded(body).refused_entries, 1);
    } else {
      EXPECT_THAT(decoded(body).oddities, ElementsAre(odd_at(member_path(path))));
      EXPECT_THAT(decoded(body).oddities, ElementsAre(Not(HasSubstr("hunter2"))));
    }
    leaf = before;
    ++seen;
  });
  EXPECT_EQ(seen, 133);
}

TEST(OddMember, IsNotWhatIsMerelyNullAtAnyLeafOfTheExample) {
  json::value example = json::parse(read_test_data("list-user-coupons.example.json"));
  for_each_leaf(example, "", [&](const std::string& path, json::value& leaf) {
    if (refuses_the_entry(path) || path == "user_coupon_list[0].product_coupon.product_coupon_id") return;
    const json::value before = leaf;
    leaf = nullptr;
    EXPECT_THAT(decoded(json::serialize(example)).oddities, IsEmpty()) << path;
    leaf = before;
  });
}

}  // namespace
}  // namespace couponsync
