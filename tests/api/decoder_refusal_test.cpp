// What is no listing, and which entries of a listing are refused.
#include "api/page_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace couponsync {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using namespace couponsync::testing;

void expect_no_listing(const std::string& body, bool had_page_token) {
  EXPECT_NE(failure_detail(body, FailureKind::not_a_listing, had_page_token), "") << body;
}

TEST(NoListing, IsABodyThatSaysNothingOfCoupons) {
  for (const char* body :
       {"", " \n", "[]", "null", "\"\"", "0", "true", "<html><body>OK</body></html>", "OK", "\xEF\xBB\xBF{}",
        "[{}]", R"({"data":{"user_coupon_list":[],"total_count":0}})",
        R"({"code":"SYSTEM_ERROR","message":"busy"})", R"({"message":"ok"})",
        R"({"errcode":0,"errmsg":"ok"})", R"({"total_count":-1})", R"({"total_count":"0"})"})
    for (const bool had_page_token : {false, true}) expect_no_listing(body, had_page_token);
  for (const char* body : {"{}", " {\n}\r\n\t ", R"({"user_coupon_list":null})", R"({"total_count":null})",
                           R"({"next_page_token":""})", R"({"next_page_token":null})"})
    expect_no_listing(body, false);
}

TEST(NoListing, IsNotALaterPageThatHasNothingLeftToSay) {
  for (const char* body : {"{}", " {\n}\r\n\t ", R"({"user_coupon_list":null})", R"({"next_page_token":""})",
                           R"({"user_coupon_list":[]})"}) {
    const Result<Page> page = decode_page(body, true);
    ASSERT_TRUE(page) << body;
    EXPECT_THAT(page->coupons, IsEmpty());
    EXPECT_EQ(page->total_count, std::nullopt);
    EXPECT_EQ(page->next_page_token, std::nullopt);
  }
}

TEST(NoListing, IsAListThatIsNoArrayAndNotZeroCoupons) {
  for (const char* list : {"{}", "\"\"", "\"hunter2\"", "0", "false", R"({"0":{}})"})
    for (const bool had_page_token : {false, true}) {
      const std::string body = R"({"total_count":0,"user_coupon_list":)" + std::string(list) + "}";
      const std::string detail = failure_detail(body, FailureKind::not_a_listing, had_page_token);
      EXPECT_THAT(detail, HasSubstr("user_coupon_list: expected an array, found a"));
      EXPECT_THAT(detail, Not(HasSubstr("hunter2")));
    }
}

TEST(NoListing, IsATokenThatCannotBeSentBackAndNotTheEnd) {
  for (const char* token :
       {"5", "true", "false", "0", "[]", "{}", R"(["t"])", R"("t\ud83d")", "\"t\xFF\"", R"("\u0000")"})
    for (const bool had_page_token : {false, true}) {
      const std::string body =
          R"({"total_count":1,"user_coupon_list":[)" + entry_of() + R"(],"next_page_token":)" + token + "}";
      EXPECT_THAT(failure_detail(body, FailureKind::not_a_listing, had_page_token),
                  HasSubstr("next_page_token: expected a string that is not broken, found a"));
    }
}

TEST(NoListing, IsAnErrorsCodeBesideNoEntries) {
  for (const char* body : {R"({"code":"SYSTEM_ERROR","total_count":0})", R"({"code":500,"total_count":0})",
                           R"({"code":"X","message":"m","user_coupon_list":[],"total_count":0})",
                           R"({"code":"X","user_coupon_list":null,"next_page_token":"t"})"})
    for (const bool had_page_token : {false, true}) expect_no_listing(body, had_page_token);
  EXPECT_EQ(decoded(R"({"code":"SUCCESS","user_coupon_list":[)" + entry_of() + "]}").coupons.size(), 1U);
  EXPECT_EQ(decoded(R"({"code":null,"total_count":0})").total_count, 0);
}

TEST(NoListing, IsNotAFirstPageWhoseTotalDoesNotFit) {
  EXPECT_EQ(decoded(R"({"total_count":128})").total_count, 128);  // what that means, is the mirror's to say
}

/// The page of a good entry, a bad one and another good one; the bad one must be refused, and nothing else.
Page with_refused(const std::string& bad) {
  const std::string good = R"({"coupon_code":"first","stock":{"stock_id":"s"}})";
  const std::string last = R"({"coupon_code":"last","stock":{"stock_id":"s"}})";
  Page page = decoded(R"({"total_count":3,"next_page_token":"t","user_coupon_list":[)" + good + "," + bad +
                      "," + last + "]}");
  EXPECT_EQ(page.refused_entries, 1) << bad;
  EXPECT_EQ(page.coupons.size(), 2U) << bad;
  if (page.coupons.size() != 2) return page;
  EXPECT_EQ(page.coupons[0].coupon_code.reveal(), "first");
  EXPECT_EQ(page.coupons[1].coupon_code.reveal(), "last");
  EXPECT_EQ(page.next_page_token, "t");
  EXPECT_EQ(page.total_count, 3);
  EXPECT_THAT(page.oddities,
              Contains("user_coupon_list[1]: it does not say which coupon it is, and is not stored"));
  for (const std::string& oddity : page.oddities) EXPECT_THAT(oddity, Not(HasSubstr("hunter2")));
  return page;
}

TEST(RefusedEntry, IsOneThatIsNoObject) {
  for (const char* bad :
       {"null", "5", "\"hunter2\"", "[]", "true", R"([{"coupon_code":"c","stock":{"stock_id":"s"}}])"})
    EXPECT_THAT(with_refused(bad).oddities,
                Contains(HasSubstr("user_coupon_list[1]: expected an object, found ")));
}

TEST(RefusedEntry, IsOneWithoutItsIdentity) {
  EXPECT_THAT(with_refused("{}").oddities,
              Contains("user_coupon_list[1].stock: expected an object, found nothing"));
  EXPECT_THAT(
      with_refused(R"({"stock":{"stock_id":"s"}})").oddities,
      Contains("user_coupon_list[1].coupon_code: expected a string that is not empty, found nothing"));
  EXPECT_THAT(with_refused(entry_of("", "[]")).oddities,
              Contains("user_coupon_list[1].stock: expected an object, found an array"));
  for (const auto& [value, kind] : std::map<std::string, std::string>{{"5", "a number"},
                                                                      {"\"\"", "an empty string"},
                                                                      {"null", "nothing"},
                                                                      {"true", "a boolean"},
                                                                      {"[\"hunter2\"]", "an array"}}) {
    EXPECT_THAT(
        with_refused(R"({"coupon_code":)" + value + R"(,"stock":{"stock_id":"s"}})").oddities,
        Contains("user_coupon_list[1].coupon_code: expected a string that is not empty, found " + kind));
    EXPECT_THAT(
        with_refused(entry_of("", R"({"stock_id":)" + value + "}")).oddities,
        Contains("user_coupon_list[1].stock.stock_id: expected a string that is not empty, found " + kind));
  }
}

TEST(RefusedEntry, IsOneWhoseIdentityIsBrokenSinceTwoCouponsWouldLookLikeOne) {
  for (const char* broken : {R"(hunter2\ud83d)", R"(\udc00hunter2)", R"(hunter2\u0000)", "hunter2\xFF",
                             "hunter2\xED\xA0\xBD", "hunter2\xF0\x9F\x98"}) {
    const std::string text = "\"" + std::string(broken) + "\"";
    EXPECT_THAT(with_refused(R"({"coupon_code":)" + text + R"(,"stock":{"stock_id":"s"}})").oddities,
                Contains("user_coupon_list[1].coupon_code: a broken text names nothing"));
    EXPECT_THAT(with_refused(entry_of("", R"({"stock_id":)" + text + "}")).oddities,
                Contains("user_coupon_list[1].stock.stock_id: a broken text names nothing"));
  }
}

TEST(RefusedEntry, IsNotOneWhoseIdentityHoldsAReplacementCharacterThatWasSent) {
  const Page page = decoded(page_of(R"({"coupon_code":"c\ufffd","stock":{"stock_id":"s)"
                                    "\xEF\xBF\xBD"
                                    R"("},"attach":"\ud83d"})"));
  EXPECT_EQ(page.refused_entries, 0);
  EXPECT_EQ(page.coupons.at(0).coupon_code.reveal(), "c\xEF\xBF\xBD");
  EXPECT_EQ(page.coupons.at(0).stock_id, "s\xEF\xBF\xBD");
  EXPECT_EQ(page.coupons.at(0).attach, "\xEF\xBF\xBD");
}

TEST(RefusedEntry, LeavesItsStockAndItsProductBehind) {
  const Page page = decoded(page_of(
      R"({"coupon_code":"\ud83d","stock":{"stock_id":"s2"},"product_coupon":{"product_coupon_id":"p"}})"));
  EXPECT_EQ(page.refused_entries, 1);
  EXPECT_THAT(page.coupons, IsEmpty());
  ASSERT_EQ(page.stocks.size(), 1U);
  EXPECT_EQ(page.stocks[0].stock_id, "s2");
  ASSERT_EQ(page.products.size(), 1U);
  EXPECT_EQ(page.products[0].product_coupon_id, "p");
}

TEST(RefusedEntry, CanBeEveryOneOfAPage) {
  const Page page = decoded(R"({"total_count":3,"user_coupon_list":[1,null,{}]})");
  EXPECT_EQ(page.refused_entries, 3);
  EXPECT_THAT(page.coupons, IsEmpty());
}

}  // namespace
}  // namespace couponsync
