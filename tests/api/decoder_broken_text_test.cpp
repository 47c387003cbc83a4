// Texts that are broken: half a surrogate pair, bytes that are not UTF-8, NUL, control characters that were
// not escaped. One of them costs no more than itself.
#include "api/page_text.h"
#include "api/test_data.h"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace couponsync {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;
using namespace couponsync::testing;
namespace json = boost::json;

const std::string kReplaced = "\xEF\xBF\xBD";  // U+FFFD

/// How a text comes, and what is stored of it.
struct BrokenText {
  std::string sent;
  std::string column;
  std::string raw;  ///< if not as sent
};

std::vector<BrokenText> broken_texts() {
  const std::string r = kReplaced;
  return {
      {R"(a\ud83d)", "a" + r, {}},
      {R"(\uDC00b)", r + "b", {}},
      {R"(a\ude00\ud83db)", "a" + r + r + "b", {}},
      {R"(\uD83D\ud83d\uDE00)", r + "😀", {}},
      {R"(\ud83dx\ude00)", r + "x" + r, {}},
      {R"(\ud83d\n)", r + "\n", {}},
      {R"(\ud83d\u0041)", r + "A", {}},
      {R"(\ud83d\\ude00)", r + R"(\ude00)", {}},
      {R"(a\u0000b)", "a" + r + "b", {}},
      {R"(\\u0000\u0000)", R"(\u0000)" + r, {}},
      {std::string("a\xFF"), "a" + r, "a" + r},
      {std::string("\x80z"), r + "z", r + "z"},
      {std::string("\xC0\x80"), r + r, r + r},
      {std::string("\xE0\x9F\xBF"), r + r + r, r + r + r},
      {std::string("\xED\xA0\xBD\xED\xB8\x80"), r + r + r + r + r + r, r + r + r + r + r + r},
      {std::string("券\xE5\x88"), "券" + r, "券" + r},
      {std::string("\xF0\x9F\x98"), r, r},
      {std::string("\xF0\x9F\x98z"), r + "z", r + "z"},
      {std::string("\xF4\x90\x80\x80"), r + r + r + r, r + r + r + r},
      {std::string("\xF8\x88\x80\x80\x80"), r + r + r + r + r, r + r + r + r + r},
      {std::string("\xFF\xFE\xFD"), r + r + r, r + r + r},
      {std::string("\xEF\xB7\x90 \xFF"), "\xEF\xB7\x90 " + r,
       "\xEF\xB7\x90 " + r},  // a noncharacter is a character
      {std::string("\\ufDd0 \xFF"), "\xEF\xB7\x90 " + r, "\\ufDd0 " + r},
  };
}

TEST(BrokenTextIn, ACouponIsStoredWithTheReplacementCharacterWhereItIsBroken) {
  for (const BrokenText& text : broken_texts()) {
    const Page page = decoded(page_of(entry_of() + "," + entry_of(R"(,"attach":")" + text.sent + "\"")));
    ASSERT_EQ(page.coupons.size(), 2U);
    EXPECT_EQ(page.coupons[1].attach, text.column) << text.sent;
    const std::string& raw = text.raw.empty() ? text.sent : text.raw;
    EXPECT_EQ(page.coupons[1].raw_json, R"({"coupon_code":"c","attach":")" + raw + "\"}");
    EXPECT_EQ(page.coupons[0].raw_json, R"({"coupon_code":"c"})");
    EXPECT_THAT(page.oddities,
                ElementsAre("user_coupon_list[1].attach: a broken text, with U+FFFD where it is broken"));
    EXPECT_EQ(page.refused_entries, 0);
  }
}

TEST(BrokenTextIn, ASharedStockOrProductCostsNoCoupon) {
  for (const BrokenText& text : broken_texts()) {
    const std::string stock = R"({"stock_id":"s","remark":")" + text.sent + "\"}";
    const std::string product = R"({"product_coupon_id":"p","display_info":{"name":")" + text.sent + "\"}}";
    const std::string entry = entry_of(R"(,"product_coupon":)" + product, stock);
    const Page page = decoded(page_of(entry + "," + entry));
    EXPECT_THAT(page.coupons, SizeIs(2));
    ASSERT_THAT(page.stocks, SizeIs(1));
    EXPECT_EQ(page.stocks[0].remark, text.column);
    const std::string& raw = text.raw.empty() ? text.sent : text.raw;
    EXPECT_EQ(page.stocks[0].raw_json, R"({"stock_id":"s","remark":")" + raw + "\"}");
    ASSERT_THAT(page.products, SizeIs(1));
    EXPECT_EQ(page.products[0].name, text.column);
    EXPECT_EQ(page.refused_entries, 0);
  }
}

TEST(BrokenTextIn, AnUnknownMemberOrAMembersNameOnlyShowsAmongTheOddities) {
  const Page page = decoded(page_of(
      entry_of(R"(,"new":["\ud83d",{"x":"\udc00"}],"na\ud83dme":1,"coupon_code\udc00":"other","coupon_code)"
               "\xFF"
               R"(":2,)"
               R"("sto\u0000ck":{"stock_id":"other"})")));
  EXPECT_EQ(page.coupons.at(0).coupon_code.reveal(), "c");
  EXPECT_EQ(page.coupons.at(0).stock_id, "s");
  EXPECT_THAT(
      page.oddities,
      UnorderedElementsAre("user_coupon_list[0].new[0]: a broken text, with U+FFFD where it is broken",
                           "user_coupon_list[0].new[1].x: a broken text, with U+FFFD where it is broken",
                           "user_coupon_list[0].na" + kReplaced + "me: its name is broken",
                           "user_coupon_list[0].coupon_code" + kReplaced + ": its name is broken",
                           "user_coupon_list[0].sto" + kReplaced + "ck: its name is broken"));
}

TEST(BrokenTextIn, AListOfTextsIsReplacedThereAlone) {
  const Page page =
      decoded(page_of(entry_of(R"(,"coupon_tag_info":{"coupon_tag_list":["a\ud83d","b","c\u0000"]})")));
  EXPECT_EQ(page.coupons.at(0).coupon_tag_list, R"(["a)" + kReplaced + R"(","b","c)" + kReplaced + R"("])");
}

TEST(BrokenTextIn, AnEntrysOtherListsAndNumbersHarmsNothing) {
  const Page page = decoded(
      R"({"x":")"
      "\xFF"
      R"(","user_coupon_list":[)" +
      entry_of(R"(,"attach":"\ud83d","valid_begin_time":"2025-01-01T00:00+08:00",)"
               R"("sequential_usage_detail":{"used_count":2,"detail_item_list":[{"detail_state":"A"}]})") +
      R"(],"total_count":1,"next_page_token":"t"})");
  const Coupon& coupon = page.coupons.at(0);
  EXPECT_EQ(coupon.valid_begin_time, 1'735'660'800);
  EXPECT_EQ(coupon.usage_used_count, 2);
  EXPECT_EQ(coupon.usage_details.at(0).detail_state, "A");
  EXPECT_EQ(page.total_count, 1);
  EXPECT_EQ(page.next_page_token, "t");
}

TEST(BrokenTextIn, AControlCharacterThatWasNotEscapedIsNone) {
  const Page page = decoded(page_of(entry_of(",\"attach\":\"a\nb\tc\x01\",\"coupon_state\":\"x\"")));
  EXPECT_EQ(page.coupons.at(0).attach, "a\nb\tc\x01");
  EXPECT_EQ(page.coupons.at(0).raw_json,
            R"({"coupon_code":"c","attach":"a\u000ab\u0009c\u0001","coupon_state":"x"})");
  EXPECT_THAT(page.oddities, IsEmpty());
  const Page nul = decoded(page_of(entry_of(std::string(",\"attach\":\"a\0b\"", 15))));
  EXPECT_EQ(nul.coupons.at(0).attach, "a" + kReplaced + "b");
  EXPECT_EQ(nul.coupons.at(0).raw_json, R"({"coupon_code":"c","attach":"a\u0000b"})");
}

TEST(BrokenTextIn, TheNameOfAProductHasNoRowButStaysTheCouponsProduct) {
  const std::string stock = R"({"stock_id":"s","product_coupon_id":"of stock"})";
  const Page page =
      decoded(page_of(entry_of(R"(,"product_coupon":{"product_coupon_id":"p\ud83d","state":"x"})", stock)));
  EXPECT_THAT(page.products, IsEmpty());
  EXPECT_EQ(page.coupons.at(0).product_coupon_id, "p" + kReplaced)
      << "not the stock's, nor another product's";
  EXPECT_EQ(page.refused_entries, 0);
}

TEST(BrokenTextIn, ContentHasTheSameHashHoweverItsBreakIsWrittenAndAnotherThanWithoutIt) {
  const auto hash = [](const std::string& attach) {
    return decoded(page_of(entry_of(R"(,"attach":")" + attach + "\""))).coupons.at(0).content_hash;
  };
  EXPECT_EQ(hash(R"(a\ud83d)"), hash("a\xFF"));
  EXPECT_EQ(hash(R"(a\ud83d)"), hash(R"(a\ufffd)"));
  EXPECT_EQ(hash("\xEF\xB7\x90 \xFF"), hash("\xEF\xB7\x90 \xEF\xBF\xBD"));
  EXPECT_NE(hash(R"(a\ud83d)"), hash("a"));
}

/// Calls `visit` with each text's path and the text, which may be changed meanwhile.
void for_each_text(json::value& value, const std::string& path,
                   const std::function<void(const std::string&, json::value&)>& visit) {
  if (json::object* object = value.if_object()) {
    for (json::key_value_pair& member : *object)
      for_each_text(member.value(), path + (path.empty() ? "" : ".") + std::string(member.key()), visit);
  } else if (json::array* array = value.if_array()) {
    for (std::size_t i = 0; i < array->size(); ++i)
      for_each_text((*array)[i], path + "[" + std::to_string(i) + "]", visit);
  } else if (value.is_string()) {
    visit(path, value);
  }
}

TEST(BrokenTextIn, AnyTextOfTheExampleCostsThatTextAlone) {
  json::value example = json::parse(read_test_data("list-user-coupons.example.json"));
  for_each_text(example, "", [&](const std::string& path, json::value& text) {
    const json::value before = text;
    text = "hunter2";
    std::string body = json::serialize(example);
    body.replace(body.find("hunter2"), 7, R"(x\ud83d)");
    if (path == "next_page_token") {
      EXPECT_EQ(decode_page(body).error().kind, FailureKind::not_a_listing);
    } else {
      const Page page = decoded(body);
      const bool names_the_coupon = path.ends_with("].coupon_code") || path.ends_with("stock.stock_id");
      EXPECT_EQ(page.refused_entries, names_the_coupon ? 1 : 0) << path;
      EXPECT_THAT(page.oddities, ::testing::Contains(odd_at(path)));
    }
    text = before;
  });
}

TEST(BrokenTextIn, AMemberWhoseNameLooksLikeAPathIsNoOthers) {
  const Page page = decoded(
      R"({"user_coupon_list[0].coupon_code":"\ud83d","user_coupon_list[0].product_coupon.product_coupon_id":"\ud83d",
          "user_coupon_list":[)" +
      entry_of(R"(,"product_coupon":{})") + "]}");
  EXPECT_EQ(page.coupons.at(0).coupon_code.reveal(), "c");
  EXPECT_EQ(page.coupons.at(0).product_coupon_id, std::nullopt);
}

TEST(BrokenTextIn, AMemberWithALongNameIsToldByTheBeginningOfThat) {
  const std::string name(1'000'000, 'n');
  const Page page = decoded("{\"total_count\":0,\"" + name + "\":[\"\\ud83d\"]}");
  EXPECT_THAT(page.oddities, ElementsAre(odd_at(std::string(160, 'n') + "…")));
}

}  // namespace
}  // namespace couponsync
