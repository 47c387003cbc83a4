#include "store/views_fixture.h"
#include "support/watchlist.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace couponsync {
namespace {

using testing::ElementsAre;

TEST_F(Views, ShowsTimesInChinaStandardTime) {
  const ListingId listing = watch(user("openid-1"));
  Page page;
  Coupon c = coupon({.code = "a", .details = {UsageDetail{}}});
  c.valid_end_time = 1'738'252'799;  // 2025-01-30T23:59:59+08:00
  c.usage_details.front().use_time = 1'738'252'799;
  page.coupons.push_back(c);
  page.stocks.push_back(stock("stock-1"));
  page.products.push_back(product("product-1"));
  apply(listing, page);
  EXPECT_EQ(value(path, "SELECT valid_end_time, valid_begin_time, product_name, listed FROM v_coupon"),
            "2025-01-30T23:59:59+08:00|NULL|Ten off a hundred|1");
  EXPECT_EQ(value(path, "SELECT use_time, return_time FROM v_usage"), "2025-01-30T23:59:59+08:00|NULL");
  EXPECT_EQ(value(path, "SELECT day, uses, returned, net_uses, users FROM v_redemption_daily"),
            "2025-01-30|1|0|1|1");
  EXPECT_EQ(value(path, "SELECT last_completed_at FROM v_listing_health"), "2025-06-15T23:06:40+08:00");
}

TEST_F(Views, CountsAFunnel) {
  const ListingId listing = watch(user("openid-1"));
  Page page = page_of({{.code = "a"},
                       {.code = "b", .state = "USED"},
                       {.code = "c", .state = "USED"},
                       {.code = "d", .state = "BRAND_NEW_STATE"},
                       {.code = "gone"},
                       {.code = "e", .stock = "stock-2"}},
                      6);
  page.stocks.push_back(stock("stock-1", "product-1", 100));
  apply(listing, page);
  page.coupons.erase(page.coupons.begin() + 4);
  page.total_count = 5;
  apply(listing, page);
  EXPECT_THAT(rows(path,
                   "SELECT stock_id, sent_total_count, received, users, effective, used, other, missing,"
                   " redemption_rate FROM v_stock_funnel ORDER BY 1"),
              ElementsAre("stock-1|100|4|1|1|2|1|1|0.5", "stock-2|NULL|1|1|1|0|0|0|0.0"));
}

TEST_F(Views, CountsAnUnlistedCouponAsReceivedAndInNoStateAndRemindsNobodyOfIt) {
  const ListingId listing = watch(user("openid-1"));
  Page page = page_of({{.code = "a"}, {.code = "b"}, {.code = "c", .state = "USED"}, {.code = "gone"}});
  for (Coupon& c : page.coupons) c.valid_end_time = clock() + 86'400;
  apply(listing, page);
  execute(path,
          "UPDATE coupon SET unlisted_since = 1738252799 WHERE coupon_code = 'b';"
          "UPDATE coupon SET missing_since = 1738252799 WHERE coupon_code = 'gone'");
  EXPECT_EQ(
      value(path,
            "SELECT received, users, effective, used, expired, other, unlisted, missing, redemption_rate"
            " FROM v_stock_funnel"),
      "3|1|1|1|0|0|1|1|0.3333");
  EXPECT_THAT(rows(path,
                   "SELECT coupon_code, listed, missing_since, unlisted_since, coupon_state, derived_state"
                   " FROM v_coupon ORDER BY 1"),
              ElementsAre("a|1|NULL|NULL|EFFECTIVE|EFFECTIVE",
                          "b|0|NULL|2025-01-30T23:59:59+08:00|EFFECTIVE|EFFECTIVE", "c|1|NULL|NULL|USED|USED",
                          "gone|0|2025-01-30T23:59:59+08:00|NULL|EFFECTIVE|EFFECTIVE"));
  EXPECT_THAT(rows(path, "SELECT coupon_code FROM v_expiring"), ElementsAre("a"));
}

TEST_F(Views, CountsARoundOnceThoughItIsAlsoShownAsASingleUse) {
  const ListingId listing = watch(user("openid-1"));
  UsageDetail single;
  single.use_time = 1'738'252'799;
  UsageDetail round = single;
  round.usage_mode = UsageMode::sequential;
  UsageDetail returned = round;
  returned.item_index = 1;
  returned.return_time = 1'738'252'800;
  apply(listing, page_of({{.code = "a", .details = {single, round, returned}}}));
  EXPECT_EQ(value(path, "SELECT uses, returned, net_uses FROM v_redemption_daily"), "2|1|1");
  EXPECT_EQ(value(path, "SELECT count(*) FROM v_usage"), "2");
}

TEST_F(Views, ShowsWhatExpiresWithinAWeek) {
  const ListingId listing = watch(user("openid-1"));
  const auto ending = [](const std::string& code, const std::string& state, UnixSeconds end) {
    Coupon c = coupon(code, state);
    c.valid_end_time = end;
    return c;
  };
  Page page;
  page.coupons = {ending("soon", "EFFECTIVE", clock() + 86'400),
                  ending("late", "EFFECTIVE", clock() + 8 * 86'400),
                  ending("over", "EFFECTIVE", clock() - 60), ending("used", "USED", clock() + 86'400)};
  apply(listing, page);
  EXPECT_THAT(rows(path, "SELECT coupon_code, days_left FROM v_expiring"), ElementsAre("soon|1.0"));
}

TEST_F(Views, TellsEachListingsHealth) {
  const ListingId failing = watch(user("failing"));
  const ListingId reading = watch(user("reading"));
  const ListingId ok = watch(user("ok"));
  const ListingId unwatched = watch(user("unwatched"));
  watch(user("new"));
  mirror.record_failure({.listing = failing, .code = "TIMED_OUT", .message = {}, .request_id = {}});
  apply(reading, page_of({}, 1, "t"));
  apply(ok, page_of({}, 0));
  apply(unwatched, page_of({}, 0));
  std::erase(watched, user("unwatched"));
  set_watchlist(mirror, watched);
  EXPECT_THAT(
      rows(path, "SELECT openid, health FROM v_listing_health ORDER BY 1"),
      ElementsAre("failing|failing", "new|never read", "ok|ok", "reading|reading", "unwatched|unwatched"));
}

TEST_F(Views, DeriveTheStateThatTimeHasMadeSinceTheLastReading) {
  const ListingId listing = watch(user("openid-1"));
  const auto valid = [](const std::string& code, const std::string& state, UnixSeconds begin,
                        UnixSeconds end) {
    Coupon c = coupon(code, state);
    c.valid_begin_time = begin;
    c.valid_end_time = end;
    return c;
  };
  constexpr UnixSeconds kDay = 86'400;
  const UnixSeconds t = clock();
  Page page;
  page.coupons = {
      valid("begun", "PENDING", t - kDay, t + kDay),      valid("coming", "PENDING", t + kDay, t + 2 * kDay),
      valid("missed", "PENDING", t - 2 * kDay, t - kDay), valid("over", "EFFECTIVE", t - 2 * kDay, t - kDay),
      valid("running", "EFFECTIVE", t - kDay, t + kDay),  valid("used", "USED", t - 2 * kDay, t - kDay)};
  apply(listing, page);
  EXPECT_THAT(rows(path, "SELECT coupon_code, derived_state, days_left FROM v_coupon ORDER BY 1"),
              ElementsAre("begun|EFFECTIVE|1.0", "coming|PENDING|2.0", "missed|EXPIRED|NULL",
                          "over|EXPIRED|NULL", "running|EFFECTIVE|1.0", "used|USED|NULL"));
  EXPECT_THAT(rows(path, "SELECT coupon_code FROM v_expiring ORDER BY 1"), ElementsAre("begun", "running"));
}

TEST_F(Views, SayWhatACouponTakesOff) {
  const ListingId listing = watch(user("openid-1"));
  Page page = page_of({{.code = "a"}});
  page.products = {product_of("NORMAL", "SINGLE")};
  Stock s = stock("stock-1");
  StockBenefit off = benefit(UsageMode::single, 0, "NORMAL");
  off.threshold = 10'000;
  off.discount_amount = 1'050;
  StockBenefit percent = benefit(UsageMode::single, 0, "DISCOUNT");
  percent.percent_off = 30;
  percent.threshold = 0;
  StockBenefit exchange = benefit(UsageMode::single, 0, "EXCHANGE");
  exchange.exchange_price = 100;
  s.benefits = {off, percent, exchange};
  page.stocks = {s};
  apply(listing, page);
  EXPECT_EQ(value(path, "SELECT benefit FROM v_coupon"), "10.50 yuan off from 100.00 yuan");
  EXPECT_THAT(rows(path,
                   "SELECT kind, benefit, threshold_yuan, discount_yuan, percent_off, exchange_price_yuan"
                   " FROM v_stock_benefit ORDER BY 1"),
              ElementsAre("DISCOUNT|30 % off|0.0|NULL|30|NULL", "EXCHANGE|for 1.00 yuan|NULL|NULL|NULL|1.0",
                          "NORMAL|10.50 yuan off from 100.00 yuan|100.0|10.5|NULL|NULL"));
}

TEST_F(Views, TakeTheProductsBenefitWhereTheStockHasNone) {
  const ListingId listing = watch(user("openid-1"));
  Page page = page_of({{.code = "a"}});
  ProductCoupon p = product_of("DISCOUNT", "SINGLE");
  p.single_usage_discount_coupon_percent_off = 20;
  p.single_usage_discount_coupon_threshold = 5'000;
  page.products = {p};
  page.stocks = {stock("stock-1")};
  apply(listing, page);
  EXPECT_EQ(value(path, "SELECT benefit FROM v_coupon"), "20 % off from 50.00 yuan");
}

TEST_F(Views, ShowTheNextRoundsBenefitAndSumWhatTheUsedRoundsGaveAway) {
  const ListingId listing = watch(user("openid-1"));
  Page page = page_of({{.code = "a",
                        .used_count = 3,
                        .details = {use(UsageMode::sequential, 0, 1'738'252'799),
                                    use(UsageMode::sequential, 1, 1'738'252'799),
                                    use(UsageMode::sequential, 2, 1'738'252'799)}}});
  page.coupons.front().usage_details[1].return_time = 1'738'252'800;
  page.products = {product_of("NORMAL", "SEQUENTIAL")};
  Stock s = stock("stock-1");
  for (std::int64_t round = 0; round < 2; ++round) {
    StockBenefit off = benefit(UsageMode::sequential, round, "NORMAL");
    off.discount_amount = 100 * (round + 1);
    s.benefits.push_back(off);
  }
  page.stocks = {s};
  apply(listing, page);
  EXPECT_EQ(value(path, "SELECT benefit FROM v_coupon"), "2.00 yuan off");
  EXPECT_THAT(rows(path, "SELECT item_index, outcome, fen_given_away FROM v_usage ORDER BY 1"),
              ElementsAre("0|used|100", "1|returned|NULL", "2|used|200"));
  EXPECT_EQ(value(path, "SELECT uses, fen_given_away FROM v_stock_funnel"), "2|300");
  EXPECT_EQ(value(path, "SELECT uses, returned, net_uses, fen_given_away FROM v_redemption_daily"),
            "3|1|2|300");
}

TEST_F(Views, KnowWhatAPercentageOrAnExchangeGaveAwayOnlyByTheOriginalPrice) {
  const ListingId listing = watch(user("openid-1"));
  Page page = page_of({{.code = "a", .details = {use(UsageMode::single, 0, 1'738'252'799)}}});
  ProductCoupon p = product_of("DISCOUNT", "SINGLE");
  p.single_usage_discount_coupon_percent_off = 30;
  page.products = {p};
  page.stocks = {stock("stock-1")};
  apply(listing, page);
  EXPECT_EQ(value(path, "SELECT uses, fen_given_away FROM v_stock_funnel"), "1|NULL");
  p.original_price = 1'999;
  p.content_hash = hash_of("priced");
  page.products = {p};
  apply(listing, page);
  EXPECT_EQ(value(path, "SELECT fen_given_away FROM v_usage"), "600");
}

TEST_F(Views, CountAUseAfterAReturnAsAUse) {
  const ListingId listing = watch(user("openid-1"));
  UsageDetail again = use(UsageMode::single, 0, 1'738'252'799);
  again.return_time = 1'738'252'700;
  apply(listing, page_of({{.code = "a", .details = {again}}}));
  EXPECT_EQ(value(path, "SELECT outcome FROM v_usage"), "used");
}

}  // namespace
}  // namespace couponsync
