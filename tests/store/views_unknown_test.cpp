// What is not known is not zero, in no view.
#include "store/views_fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string>

namespace couponsync {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr UnixSeconds kUsedAt = 1'738'252'799;

class ViewsOfTheUnknown : public Views {
 protected:
  /// One coupon that ends within a week, with a use, of that product and stock.
  void mirror_one(const ProductCoupon& p, const Stock& s, Instant use_time = kUsedAt) {
    Page page = page_of({{.code = "a", .details = {use(UsageMode::single, 0, use_time)}}});
    page.coupons[0].valid_end_time = clock() + 86'400;
    page.products = {p};
    page.stocks = {s};
    apply(listing, page);
  }
  static Stock stock_with(const std::string& kind, Integer amount, Integer percent, Integer price,
                          Integer threshold) {
    StockBenefit b = benefit(UsageMode::single, 0, kind);
    b.discount_amount = amount;
    b.percent_off = percent;
    b.exchange_price = price;
    b.threshold = threshold;
    Stock s = stock("stock-1");
    s.benefits = {b};
    s.content_hash =
        hash_of(kind + std::to_string(amount.value_or(-1)) + std::to_string(percent.value_or(-1)) +
                std::to_string(price.value_or(-1)) + std::to_string(threshold.value_or(-1)));
    return s;
  }
  std::string benefits() const {
    return value(path,
                 "SELECT (SELECT benefit FROM v_stock_benefit), (SELECT benefit FROM v_coupon),"
                 " (SELECT benefit FROM v_expiring)");
  }
  std::string given_away() const {
    return value(path,
                 "SELECT (SELECT fen_given_away FROM v_usage), (SELECT fen_given_away FROM v_stock_funnel),"
                 " (SELECT fen_given_away FROM v_redemption_daily)");
  }

  ListingId listing = watch(user("openid-1"));
};

TEST_F(ViewsOfTheUnknown, PromiseNoCouponForFree) {
  for (const char* kind : {"NORMAL", "DISCOUNT", "EXCHANGE"})
    for (const Integer threshold : {Integer(), Integer(0), Integer(10'000)}) {
      ProductCoupon p = product_of(kind, "SINGLE");
      p.content_hash = hash_of(kind);
      p.original_price = 1'000;
      mirror_one(p, stock_with(kind, {}, {}, {}, threshold));
      EXPECT_EQ(benefits(), "NULL|NULL|NULL") << kind;
      EXPECT_EQ(given_away(), "NULL|NULL|NULL") << kind;
      EXPECT_EQ(value(path, "SELECT discount_yuan, percent_off, exchange_price_yuan FROM v_stock_benefit"),
                "NULL|NULL|NULL");
      EXPECT_EQ(value(path, "SELECT count(*) FROM v_expiring"), "1") << "it ends all the same";
    }
}

TEST_F(ViewsOfTheUnknown, TellAnAmountThatIsKnownWithTheThresholdIfThatIsKnown) {
  const std::tuple<const char*, Integer, Integer, Integer, Integer, const char*> table[] = {
      {"NORMAL", 1'050, {}, {}, {}, "10.50 yuan off"},
      {"NORMAL", 1'050, {}, {}, 0, "10.50 yuan off"},
      {"NORMAL", 1'050, {}, {}, 10'000, "10.50 yuan off from 100.00 yuan"},
      {"NORMAL", 0, {}, {}, {}, "0.00 yuan off"},  // sent so
      {"DISCOUNT", {}, 30, {}, 5'000, "30 % off from 50.00 yuan"},
      {"EXCHANGE", {}, {}, 0, {}, "for 0.00 yuan"},
      {"EXCHANGE", {}, {}, 199, 5'000, "for 1.99 yuan from 50.00 yuan"},
      {"BRAND_NEW", {}, {}, {}, {}, "BRAND_NEW"},
      {"BRAND_NEW", {}, {}, {}, 5'000, "BRAND_NEW from 50.00 yuan"},
  };
  for (const auto& [kind, amount, percent, price, threshold, words] : table) {
    ProductCoupon p = product_of(kind, "SINGLE");
    p.content_hash = hash_of(kind);
    mirror_one(p, stock_with(kind, amount, percent, price, threshold));
    const std::string text = words;
    EXPECT_EQ(benefits(), text + "|" + text + "|" + text);
  }
}

TEST_F(ViewsOfTheUnknown, TakeTheProductsBenefitWhereTheStocksIsNotKnownAndNothingForNothing) {
  ProductCoupon p = product_of("NORMAL", "SINGLE");
  const auto with_amount = [&](Integer amount, Integer threshold) {
    p.single_usage_normal_coupon_discount_amount = amount;
    p.single_usage_normal_coupon_threshold = threshold;
    p.content_hash =
        hash_of(std::to_string(amount.value_or(-1)) + "/" + std::to_string(threshold.value_or(-1)));
    mirror_one(p, stock_with("NORMAL", {}, {}, {}, 7'000));
    return value(path, "SELECT (SELECT benefit FROM v_expiring), (SELECT fen_given_away FROM v_usage)");
  };
  EXPECT_EQ(with_amount({}, {}), "NULL|NULL");
  EXPECT_EQ(with_amount({}, 5'000), "NULL|NULL");
  EXPECT_EQ(with_amount(0, 5'000), "NULL|NULL");
  EXPECT_EQ(with_amount(200, {}), "2.00 yuan off|200");
  EXPECT_EQ(with_amount(200, 5'000), "2.00 yuan off from 50.00 yuan|200");

  p = product_of("DISCOUNT", "SINGLE");
  p.original_price = 1'000;
  const auto with_percent = [&](Integer percent) {
    p.single_usage_discount_coupon_percent_off = percent;
    p.content_hash = hash_of("d" + std::to_string(percent.value_or(-1)));
    mirror_one(p, stock("stock-1"));
    return value(path, "SELECT (SELECT benefit FROM v_expiring), (SELECT fen_given_away FROM v_usage)");
  };
  EXPECT_EQ(with_percent({}), "NULL|NULL");
  EXPECT_EQ(with_percent(0), "NULL|NULL");
  EXPECT_EQ(with_percent(20), "20 % off|200");
}

TEST_F(ViewsOfTheUnknown, TellNoBenefitWithoutAProductOrItsType) {
  Page page = page_of({{.code = "a", .product = std::nullopt}, {.code = "b", .product = "never seen"}});
  page.stocks = {stock_with("NORMAL", 100, {}, {}, {})};
  apply(listing, page);
  EXPECT_THAT(rows(path, "SELECT benefit FROM v_coupon"), ElementsAre("NULL", "NULL"));
}

TEST_F(ViewsOfTheUnknown, DoNotTakeTheFirstRoundForTheNextWhereItIsNotKnownHowManyAreUsed) {
  ProductCoupon p = product_of("NORMAL", "SEQUENTIAL");
  p.single_usage_normal_coupon_discount_amount = 900;
  Stock s = stock("stock-1");
  for (std::int64_t round = 0; round < 2; ++round) {
    StockBenefit off = benefit(UsageMode::sequential, round, "NORMAL");
    off.discount_amount = 100 * (round + 1);
    s.benefits.push_back(off);
  }
  Page page = page_of(
      {{.code = "0 used", .used_count = 0}, {.code = "1 used", .used_count = 1}, {.code = "unknown"}});
  page.products = {p};
  page.stocks = {s};
  apply(listing, page);
  EXPECT_THAT(rows(path, "SELECT coupon_code, benefit FROM v_coupon ORDER BY 1"),
              ElementsAre("0 used|1.00 yuan off", "1 used|2.00 yuan off", "unknown|NULL"));
}

TEST_F(ViewsOfTheUnknown, DoNotSumWhatIsKnownOfSomeUsesAlone) {
  Page page = page_of(
      {{.code = "a",
        .details = {use(UsageMode::sequential, 0, kUsedAt), use(UsageMode::sequential, 1, kUsedAt)}}});
  page.products = {product_of("NORMAL", "SEQUENTIAL")};
  Stock s = stock("stock-1");
  StockBenefit known = benefit(UsageMode::sequential, 0, "NORMAL");
  known.discount_amount = 100;
  s.benefits = {known, benefit(UsageMode::sequential, 1, "NORMAL")};
  page.stocks = {s};
  apply(listing, page);
  EXPECT_THAT(rows(path, "SELECT fen_given_away FROM v_usage ORDER BY item_index"),
              ElementsAre("100", "NULL"));
  EXPECT_EQ(value(path, "SELECT uses, fen_given_away FROM v_stock_funnel"), "2|NULL");
  EXPECT_EQ(value(path, "SELECT uses, net_uses, fen_given_away FROM v_redemption_daily"), "2|2|NULL");
}

TEST_F(ViewsOfTheUnknown, KnowThatWhatWasReturnedGaveNothingAway) {
  Page page = page_of({{.code = "a", .details = {use(UsageMode::single, 0, kUsedAt)}}});
  page.coupons[0].usage_details[0].return_time = kUsedAt + 1;
  page.stocks = {stock("stock-1")};
  apply(listing, page);
  EXPECT_EQ(value(path, "SELECT uses, returned, fen_given_away FROM v_redemption_daily"), "1|1|0");
  EXPECT_EQ(value(path, "SELECT uses, fen_given_away FROM v_stock_funnel"), "0|0");
}

TEST_F(ViewsOfTheUnknown, DoNotCallAUseUnusedForWantOfItsTime) {
  const auto with_state = [](UsageDetail detail, Text state) {
    detail.detail_state = std::move(state);
    return detail;
  };
  UsageDetail returned = use(UsageMode::single, 0, std::nullopt);
  returned.return_time = kUsedAt;
  apply(listing,
        page_of({{.code = "bundle",
                  .state = "USED",
                  .details = {use(UsageMode::progressive_bundle, 0, std::nullopt)}},
                 {.code = "effective", .details = {use(UsageMode::single, 0, std::nullopt)}},
                 {.code = "returned", .details = {returned}},
                 {.code = "round",
                  .details = {with_state(use(UsageMode::sequential, 0, std::nullopt), "USED"),
                              with_state(use(UsageMode::sequential, 1, std::nullopt), "EFFECTIVE")}},
                 {.code = "used", .state = "USED", .details = {use(UsageMode::single, 0, std::nullopt)}}}));
  EXPECT_THAT(rows(path, "SELECT coupon_code, outcome, use_time FROM v_usage ORDER BY 1, item_index"),
              ElementsAre("bundle|used|NULL", "effective|not used|NULL", "returned|returned|NULL",
                          "round|used|NULL", "round|not used|NULL", "used|used|NULL"));
  EXPECT_EQ(value(path, "SELECT uses FROM v_stock_funnel"), "3");
  EXPECT_THAT(rows(path, "SELECT * FROM v_redemption_daily"), IsEmpty()) << "on no day that is known";
}

TEST_F(ViewsOfTheUnknown, TellNoDaysAndNoStateThatFollowFromAnEndThatIsNotKnown) {
  apply(listing, page_of({{.code = "a"}, {.code = "b", .state = "PENDING"}}));
  EXPECT_THAT(rows(path,
                   "SELECT derived_state, days_left, valid_begin_time, valid_end_time FROM v_coupon ORDER BY "
                   "coupon_code"),
              ElementsAre("EFFECTIVE|NULL|NULL|NULL", "PENDING|NULL|NULL|NULL"));
  EXPECT_THAT(rows(path, "SELECT * FROM v_expiring"), IsEmpty());
}

TEST_F(ViewsOfTheUnknown, TellNoRateAndNoAgeOfNothing) {
  Page page;
  page.stocks = {stock("stock-1", "product-1", std::nullopt)};
  apply(listing, page);
  EXPECT_EQ(value(path,
                  "SELECT received, used, redemption_rate, sent_total_count, max_count, uses, fen_given_away"
                  " FROM v_stock_funnel"),
            "0|0|NULL|NULL|NULL|0|0");
  watch(user("never read"));
  EXPECT_EQ(value(path,
                  "SELECT age_seconds, total_count, last_completed_at FROM v_listing_health"
                  " WHERE openid = 'never read'"),
            "NULL|NULL|NULL");
}

TEST_F(ViewsOfTheUnknown, AnAmountOutOfAllReasonMakesItsOwnSumsUnknownAlone) {
  constexpr std::int64_t kGreatest = std::numeric_limits<std::int64_t>::max();
  Stock odd = stock_with("NORMAL", kGreatest, {}, {}, kGreatest);
  Stock sound = stock_with("NORMAL", 500, {}, {}, 1);
  sound.stock_id = "stock-2";
  Page page = page_of({{.code = "a", .details = {use(UsageMode::single, 0, kUsedAt)}},
                       {.code = "b", .details = {use(UsageMode::single, 0, kUsedAt)}},
                       {.code = "c", .stock = "stock-2", .details = {use(UsageMode::single, 0, kUsedAt)}}});
  page.products = {product_of("NORMAL", "SINGLE")};
  page.stocks = {odd, sound};
  apply(listing, page);
  EXPECT_THAT(rows(path, "SELECT stock_id, uses, fen_given_away FROM v_stock_funnel ORDER BY 1"),
              ElementsAre("stock-1|2|NULL", "stock-2|1|500"));
  EXPECT_THAT(rows(path, "SELECT stock_id, uses, fen_given_away FROM v_redemption_daily ORDER BY 1"),
              ElementsAre("stock-1|2|NULL", "stock-2|1|500"));
  for (const char* view : {"v_coupon", "v_usage", "v_stock_benefit", "v_expiring", "v_listing_health"})
    EXPECT_NO_THROW(rows(path, std::string("SELECT * FROM ") + view)) << view;
}

}  // namespace
}  // namespace couponsync
