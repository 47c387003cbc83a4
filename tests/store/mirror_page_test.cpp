#include "store/mirror_fixture.h"
#include "support/watchlist.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

namespace couponsync {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Lines = std::vector<std::string>;

class MirrorPage : public MirrorTest {
 protected:
  ListingId listing = watch(user("openid-1"));
};

TEST_F(MirrorPage, StoresWhatIsAbsentAsNull) {
  Coupon bare;
  bare.stock_id = "stock-1";
  bare.coupon_code = CouponCode("code-1");
  Page page;
  page.coupons.push_back(bare);
  apply(listing, page);
  EXPECT_EQ(value(path, "SELECT coupon_state, valid_end_time, usage_total_count, attach FROM coupon"),
            "NULL|NULL|NULL|NULL");
  EXPECT_THAT(changes(), ElementsAre("added|NULL|NULL"));
}

TEST_F(MirrorPage, StoresTextOfAnyKind) {
  const std::string odd = std::string("quote ' \" nul ", 14) + '\0' + "优惠 %s \n";
  apply(listing, page_of({{.code = "a", .state = odd, .attach = odd}}));
  EXPECT_EQ(value(path, "SELECT coupon_state FROM coupon"), odd);
  EXPECT_EQ(value(path, "SELECT typeof(attach) FROM coupon"), "text");
}

TEST_F(MirrorPage, TellsCouponsApartByUserStockAndCode) {
  apply(listing, page_of({{.code = "a"}, {.code = "b"}, {.code = "a", .stock = "stock-2"}}));
  apply(watch(user("openid-2")), page_of({{.code = "a"}}));
  ListingKey other_app = user("openid-1");
  other_app.appid = "wx-other";
  apply(watch(other_app), page_of({{.code = "a"}}));
  EXPECT_EQ(value(path, "SELECT count(*) FROM coupon"), "5");
}

TEST_F(MirrorPage, WritesNothingForAPageReadAgain) {
  Page page = page_of({{.code = "a"}, {.code = "b", .details = {use(UsageMode::single, 0, 5)}}}, 2);
  page.stocks.push_back(stock("stock-1"));
  page.products.push_back(product("product-1"));
  apply(listing, page);
  const Lines before = dump(path);
  const PageOutcome outcome = apply(listing, page);
  EXPECT_EQ(outcome.unchanged, 2);
  EXPECT_EQ(outcome.inserted + outcome.updated + outcome.missing + outcome.returned, 0);
  EXPECT_EQ(dump(path), before);
}

TEST_F(MirrorPage, WritesNotEvenAPageOfTheFileForAPageReadAgainInTheSameSecond) {
  Page page = page_of({{.code = "a"}}, 1);
  page.stocks.push_back(stock("stock-1"));
  page.products.push_back(product("product-1"));
  apply(listing, page);
  DataVersion reader(path);
  const std::int64_t before = reader.now();
  apply(listing, page);
  set_watchlist(mirror, watched);
  EXPECT_EQ(reader.now(), before);
  apply(listing, page_of({{.code = "b"}}, 1));
  EXPECT_NE(reader.now(), before);
}

TEST_F(MirrorPage, ChangesOnlyTheListingForAPageReadAgainLater) {
  Page page = page_of({{.code = "a"}}, 1);
  page.stocks.push_back(stock("stock-1"));
  apply(listing, page);
  Lines before = dump(path);
  now += 900;
  apply(listing, page);
  Lines after = dump(path);
  const auto is_listing = [](const std::string& line) { return line.starts_with("listing:"); };
  std::erase_if(before, is_listing);
  std::erase_if(after, is_listing);
  EXPECT_EQ(after, before);
  EXPECT_EQ(value(path, "SELECT last_completed_at FROM listing"), std::to_string(now));
}

TEST_F(MirrorPage, CountsACouponListedTwiceOnOnePageOnce) {
  const PageOutcome outcome = apply(listing, page_of({{.code = "a"}, {.code = "a"}}, 1));
  EXPECT_EQ(outcome.inserted, 1);
  EXPECT_EQ(outcome.unchanged, 1);
  EXPECT_EQ(outcome.distinct_coupons, 1);
  EXPECT_TRUE(outcome.is_complete_picture);
  EXPECT_THAT(changes(), ElementsAre("added|NULL|EFFECTIVE"));
}

TEST_F(MirrorPage, TellsANewState) {
  apply(listing, page_of({{.code = "a"}}));
  now += 60;
  const PageOutcome outcome =
      apply(listing, page_of({{.code = "a", .state = "USED", .details = {use(UsageMode::single, 0, 7)}}}));
  EXPECT_EQ(outcome.updated, 1);
  EXPECT_THAT(changes(), ElementsAre("added|NULL|EFFECTIVE", "state|EFFECTIVE|USED"));
  EXPECT_EQ(value(path, "SELECT coupon_state, first_seen_at, changed_at FROM coupon"),
            "USED|" + std::to_string(now - 60) + "|" + std::to_string(now));
}

TEST_F(MirrorPage, TellsAnotherUseByItsCount) {
  apply(listing, page_of({{.code = "a", .used_count = 1}}));
  apply(listing, page_of({{.code = "a", .used_count = 2}}));
  EXPECT_THAT(changes(), ElementsAre("added|NULL|EFFECTIVE", "usage|EFFECTIVE|EFFECTIVE"));
}

TEST_F(MirrorPage, TellsAnotherUseByItsRows) {
  const UsageDetail first = use(UsageMode::sequential, 0, 7);
  const UsageDetail second = use(UsageMode::sequential, 1, 8);
  UsageDetail returned = first;
  returned.return_time = 9;
  returned.detail_state = "RETURNED";
  apply(listing, page_of({{.code = "a", .details = {first}}}));
  apply(listing, page_of({{.code = "a", .details = {first, second}}}));
  apply(listing, page_of({{.code = "a", .details = {returned, second}}}));
  apply(listing, page_of({{.code = "a", .details = {returned}}}));
  EXPECT_THAT(changes(), ElementsAre("added|NULL|EFFECTIVE", "usage|EFFECTIVE|EFFECTIVE",
                                     "usage|EFFECTIVE|EFFECTIVE", "usage|EFFECTIVE|EFFECTIVE"));
  EXPECT_THAT(rows(path, "SELECT item_index, use_time, return_time FROM usage_detail"), ElementsAre("0|7|9"));
}

TEST_F(MirrorPage, KeepsEachUsageModesRowsApart) {
  apply(
      listing,
      page_of({{.code = "a", .details = {use(UsageMode::single, 0, 1), use(UsageMode::sequential, 0, 2)}}}));
  EXPECT_EQ(value(path, "SELECT count(*) FROM usage_detail"), "2");
}

TEST_F(MirrorPage, TellsAnyOtherChange) {
  apply(listing, page_of({{.code = "a"}}));
  apply(listing, page_of({{.code = "a", .attach = "note"}}));
  EXPECT_THAT(changes(), ElementsAre("added|NULL|EFFECTIVE", "other|EFFECTIVE|EFFECTIVE"));
}

StockBenefit benefit(const std::string& kind) {
  StockBenefit result;
  result.kind = kind;
  result.threshold = 100;
  return result;
}

StockPeriod period(const std::string& kind, std::int64_t item_index, Instant begin_time) {
  StockPeriod result;
  result.kind = kind;
  result.item_index = item_index;
  result.begin_time = begin_time;
  return result;
}

ComboChoice choice(std::int64_t choice_index, Integer price) {
  ComboChoice result;
  result.choice_index = choice_index;
  result.price = price;
  return result;
}

TEST_F(MirrorPage, KeepsAStockAsLastSeen) {
  Stock s = stock("stock-1");
  s.benefits = {benefit("NORMAL"), benefit("DISCOUNT"), benefit("EXCHANGE")};
  s.periods = {period("WINDOW", 0, 1), period("IRREGULAR", 0, 2), period("IRREGULAR", 1, 3)};
  Page page;
  page.stocks = {s};
  apply(listing, page);
  EXPECT_EQ(value(path, "SELECT count(*) FROM stock_benefit"), "3");
  EXPECT_EQ(value(path, "SELECT count(*) FROM stock_period"), "3");

  s.benefits.erase(s.benefits.begin());
  s.periods.erase(s.periods.begin() + 1, s.periods.end());
  s.periods.front().begin_time = 9;
  s.content_hash = hash_of("another");
  page.stocks = {s};
  now += 60;
  apply(listing, page);
  EXPECT_THAT(rows(path, "SELECT kind FROM stock_benefit"), ElementsAre("DISCOUNT", "EXCHANGE"));
  EXPECT_THAT(rows(path, "SELECT kind, begin_time FROM stock_period"), ElementsAre("WINDOW|9"));
  EXPECT_EQ(value(path, "SELECT changed_at - first_seen_at FROM stock"), "60");
}

TEST_F(MirrorPage, KeepsAProductAsLastSeen) {
  ProductCoupon p = product("product-1");
  p.combo_choices = {choice(0, 1), choice(1, 2)};
  Page page;
  page.products = {p};
  apply(listing, page);
  p.combo_choices.pop_back();
  p.name = "Renamed";
  p.content_hash = hash_of("another");
  page.products = {p};
  apply(listing, page);
  EXPECT_EQ(value(path, "SELECT name FROM product_coupon"), "Renamed");
  EXPECT_THAT(rows(path, "SELECT choice_index, price FROM combo_choice"), ElementsAre("0|1"));
}

TEST_F(MirrorPage, KeepsACountOnlyWhenACounterChanged) {
  const auto observe = [&](Integer sent, const std::string& remark) {
    Stock s = stock("stock-1", "product-1", sent);
    s.remark = remark;
    s.content_hash = hash_of(remark);
    Page page;
    page.stocks = {s};
    now += 60;
    apply(listing, page);
  };
  observe(1, "a");
  observe(1, "b");
  observe(2, "b");
  observe({}, "b");
  observe({}, "c");
  reopen();
  observe({}, "d");
  observe(2, "d");
  EXPECT_THAT(rows(path, "SELECT sent_total_count FROM stock_count ORDER BY observed_at"),
              ElementsAre("1", "2", "NULL", "2"));
}

TEST_F(MirrorPage, KeepsNoCountForAStockWithoutCounters) {
  Page page;
  page.stocks = {stock("stock-1", "product-1", std::nullopt)};
  apply(listing, page);
  EXPECT_THAT(rows(path, "SELECT * FROM stock_count"), IsEmpty());
}

TEST_F(MirrorPage, KnowsARowsContentsAgainAfterItsTransactionWasTakenBack) {
  Page page = page_of({{.code = "a"}});
  page.stocks = {stock("stock-1")};
  page.products = {product("product-1")};
  mirror.begin();
  apply(listing, page);
  mirror.rollback();
  EXPECT_EQ(value(path, "SELECT count(*) FROM stock"), "0");
  apply(listing, page);
  EXPECT_EQ(value(path, "SELECT count(*) FROM stock"), "1");
  EXPECT_EQ(value(path, "SELECT count(*) FROM product_coupon"), "1");
}

TEST_F(MirrorPage, TakesBackOneFailedPageAndKeepsTheOthers) {
  mirror.begin();
  apply(listing, page_of({{.code = "a"}}));
  EXPECT_THROW(apply(listing + 1, page_of({{.code = "b"}})), std::logic_error);
  Page wrong = page_of({{.code = "c"}});
  wrong.stocks = {stock("stock-1")};
  EXPECT_THROW(apply(listing, wrong, 7), std::logic_error);
  apply(listing, page_of({{.code = "d"}}));
  mirror.commit();
  EXPECT_THAT(rows(path, "SELECT coupon_code FROM coupon ORDER BY 1"), ElementsAre("a", "d"));
}

TEST_F(MirrorPage, ThatFailsHalfWayLeavesNothingBehindAndKeepsTheOthers) {
  execute(path,
          "CREATE TRIGGER refuse BEFORE INSERT ON coupon WHEN new.coupon_code = 'c'"
          " BEGIN SELECT raise(ABORT, 'refused'); END");
  mirror.begin();
  apply(listing, page_of({{.code = "a"}}));
  EXPECT_THROW(apply(listing, page_of({{.code = "b"}, {.code = "c"}})), std::logic_error);
  apply(listing, page_of({{.code = "d"}}));
  mirror.commit();
  EXPECT_THAT(rows(path, "SELECT coupon_code FROM coupon ORDER BY 1"), ElementsAre("a", "d"));
  EXPECT_EQ(changes().size(), 2U);
}

TEST_F(MirrorPage, ACouponTwiceOnOnePageCountsAsTheLastEntryHoweverOftenItIsRead) {
  for (int reading = 0; reading < 3; ++reading) {
    apply(listing, page_of({{.code = "a", .state = "EFFECTIVE"}, {.code = "a", .state = "USED"}}, 1));
    EXPECT_EQ(value(path, "SELECT coupon_state FROM coupon"), "USED");
    EXPECT_THAT(changes(), ElementsAre("added|NULL|USED"));
  }
}

}  // namespace
}  // namespace couponsync
