// Stocks and products ride along with every coupon, on pages of any user, in versions that need not agree.
#include "store/mirror_fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <string>

namespace couponsync {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class SharedRows : public MirrorTest {
 protected:
  /// A stock in a state and with a counter, as the decoder gives it.
  static Stock stock_with(const std::string& state, Integer sent, const std::string& remark = "r") {
    Stock s = stock("stock-1", "product-1", sent);
    s.state = state;
    s.remark = remark;
    s.coupon_code_available_count = sent ? Integer(1'000 - *sent) : std::nullopt;
    s.raw_json = R"({"stock_id":"stock-1","remark":")" + remark + R"(","sent_count_info":{"total_count":)" +
                 std::to_string(sent.value_or(0)) + R"(},"state":")" + state + "\"}";
    s.content_hash = hash_of(remark + state);
    return s;
  }
  static ProductCoupon product_with(const std::string& state) {
    ProductCoupon p = product("product-1");
    p.state = state;
    p.raw_json = R"({"state":")" + state + "\"}";
    p.content_hash = hash_of(state);
    return p;
  }
  static Page page_with(const std::string& state, Integer sent) {
    Page page;
    page.stocks = {stock_with(state, sent)};
    page.products = {product_with(state)};
    return page;
  }
  /// Applies a page of a request with that place in the order, of a reading that began with that one.
  void apply_sent(RequestOrder sent, RequestOrder reading_began, Page page) {
    mirror.apply_page(
        {.listing = listing,
         .page = std::move(page),
         .started_at = now,
         .seen = {.sent = sent, .reading_began = reading_began, .received = sent + 1, .observed_at = now},
         .next_due_at = now + 900});
  }
  /// One reading of two pages.
  void read(Page first, Page second) {
    first.next_page_token = "t";
    apply(listing, std::move(first));
    apply(listing, std::move(second), 1);
  }
  std::string stock_row() const {
    return value(path, "SELECT state, sent_total_count, coupon_code_available_count, changed_at FROM stock");
  }
  std::string product_row() const { return value(path, "SELECT state, changed_at FROM product_coupon"); }
  std::vector<std::string> counts() const {
    return rows(path, "SELECT observed_at, sent_total_count FROM stock_count ORDER BY observed_at");
  }
  std::string at(UnixSeconds seconds) const { return std::to_string(seconds); }

  ListingId listing = watch(user("openid-1"));
  const UnixSeconds begin = now;
};

TEST_F(SharedRows, CountersAloneMoveTheirColumnsAndNotTheTimeOfTheChange) {
  apply(listing, page_with("SENDING", 1));
  for (const std::int64_t sent : {2, 5, 4}) {
    now += 100;
    apply(listing, page_with("SENDING", sent));
    EXPECT_EQ(stock_row(), "SENDING|" + at(sent) + "|" + at(1'000 - sent) + "|" + at(begin));
    EXPECT_EQ(value(path, "SELECT json_extract(raw_json, '$.sent_count_info.total_count') FROM stock"),
              at(sent));
    EXPECT_EQ(product_row(), "SENDING|" + at(begin));
  }
  now += 100;
  apply(listing, page_with("SENDING", {}));
  EXPECT_EQ(stock_row(), "SENDING|NULL|NULL|" + at(begin));
  now += 100;
  apply(listing, page_with("PAUSED", {}));
  EXPECT_EQ(stock_row(), "PAUSED|NULL|NULL|" + at(now));
  EXPECT_EQ(product_row(), "PAUSED|" + at(now));
}

TEST_F(SharedRows, TwoVersionsFromTwoPagesDoNotChangeARowWithEveryReading) {
  read(page_with("SENDING", 1), page_with("PAUSED", 2));
  const std::vector<std::string> stocks = rows(path, "SELECT * FROM stock");
  const std::vector<std::string> products = rows(path, "SELECT * FROM product_coupon");
  const std::vector<std::string> kept = rows(path, "SELECT * FROM stock_count");
  for (int reading = 0; reading < 5; ++reading) {
    now += 900;
    if (reading == 2) reopen();
    read(page_with("SENDING", 1), page_with("PAUSED", 2));
    EXPECT_EQ(rows(path, "SELECT * FROM stock"), stocks);
    EXPECT_EQ(rows(path, "SELECT * FROM product_coupon"), products);
    EXPECT_EQ(rows(path, "SELECT * FROM stock_count"), kept);
  }
}

TEST_F(SharedRows, AChangeWhileAListingIsReadShowsWithItsNextReading) {
  read(page_with("SENDING", 1), page_with("PAUSED", 2));
  EXPECT_EQ(stock_row(), "SENDING|1|999|" + at(begin));
  now += 900;
  read(page_with("PAUSED", 2), page_with("PAUSED", 2));
  EXPECT_EQ(stock_row(), "PAUSED|2|998|" + at(now));
  EXPECT_EQ(product_row(), "PAUSED|" + at(now));
}

TEST_F(SharedRows, WhatALaterRequestHasShownIsNotOverwrittenByAnEarlierOnesReply) {
  apply_sent(10, 10, page_with("SENDING", 1));
  now += 900;
  apply_sent(30, 30, page_with("PAUSED", 3));
  now += 10;
  apply_sent(20, 20, page_with("SENDING", 1));  // it left WeChat Pay before, and came after
  apply_sent(29, 5, page_with("DEACTIVATED", 2));
  EXPECT_EQ(stock_row(), "PAUSED|3|997|" + at(begin + 900));
  EXPECT_EQ(product_row(), "PAUSED|" + at(begin + 900));
  EXPECT_THAT(counts(), ElementsAre(at(begin) + "|1", at(begin + 900) + "|3"));
  apply_sent(31, 31, page_with("SENDING", 4));
  EXPECT_EQ(stock_row(), "SENDING|4|996|" + at(now));
}

TEST_F(SharedRows, WhatALongReadingsLaterRequestShowsIsNotHiddenByWhatAnotherReadingShowedBeforeIt) {
  Page first = page_with("SENDING", 1);
  first.next_page_token = "t";
  apply_sent(10, 10, std::move(first));
  now += 10;
  apply_sent(20, 20, page_with("PAUSED", 2));
  now += 10;
  apply_sent(30, 10, page_with("DEACTIVATED", 3));
  EXPECT_EQ(stock_row(), "DEACTIVATED|3|997|" + at(now));
  EXPECT_EQ(product_row(), "DEACTIVATED|" + at(now));
}

TEST_F(SharedRows, AVersionShownAgainCountsAsShownByTheLastRequestThatShowedIt) {
  apply_sent(10, 10, page_with("SENDING", 1));
  apply_sent(40, 40, page_with("SENDING", 1));
  apply_sent(30, 30, page_with("PAUSED", 3));
  EXPECT_EQ(stock_row(), "SENDING|1|999|" + at(begin));
  apply_sent(35, 35, page_with("SENDING", 1));  // older, and takes nothing back
  apply_sent(38, 38, page_with("PAUSED", 3));
  EXPECT_EQ(stock_row(), "SENDING|1|999|" + at(begin));
  EXPECT_EQ(product_row(), "SENDING|" + at(begin));
}

TEST_F(SharedRows, CountersAndContentsAreJudgedApart) {
  apply_sent(10, 10, page_with("SENDING", 1));
  apply_sent(20, 20, page_with("SENDING", 2));
  now += 100;
  // The contents of request 30 are news; its counters were shown by a later request of the same reading
  // already.
  Page page = page_with("PAUSED", 7);
  Page first = page_with("SENDING", 9);
  first.next_page_token = "t";
  apply_sent(31, 30, std::move(first));
  apply_sent(32, 30, std::move(page));
  EXPECT_EQ(stock_row(), "SENDING|9|991|" + at(begin));
  apply_sent(40, 40, page_with("PAUSED", 9));
  EXPECT_EQ(stock_row(), "PAUSED|9|991|" + at(now));
}

TEST_F(SharedRows, WhatATransactionTookBackIsNotRemembered) {
  apply_sent(10, 10, page_with("SENDING", 1));
  mirror.begin();
  apply_sent(20, 20, page_with("PAUSED", 2));
  mirror.rollback();
  apply_sent(15, 15, page_with("PAUSED", 2));
  EXPECT_EQ(stock_row(), "PAUSED|2|998|" + at(begin));
}

TEST_F(SharedRows, AfterARestartWhateverDiffersIsNewer) {
  apply_sent(10, 10, page_with("SENDING", 1));
  reopen();
  now += 900;
  apply_sent(11, 3, page_with("PAUSED", 2));  // of a reading that goes on at its bookmark
  EXPECT_EQ(stock_row(), "PAUSED|2|998|" + at(now));
}

TEST_F(SharedRows, AMirrorWhoseHashesCoverTheCountersDoesNotLookChangedOnceTheyDoNot) {
  apply(listing, page_with("SENDING", 1));
  for (const bool moved_on : {false, true}) {
    execute(path, "UPDATE stock SET content_hash = zeroblob(32)");
    reopen();
    now += 900;
    const std::int64_t sent = moved_on ? 8 : 1;
    apply(listing, page_with("SENDING", sent));
    EXPECT_EQ(stock_row(), "SENDING|" + at(sent) + "|" + at(1'000 - sent) + "|" + at(begin));
    EXPECT_NE(value(path, "SELECT hex(content_hash) FROM stock"), std::string(64, '0'));
  }
  execute(path, "UPDATE stock SET content_hash = zeroblob(32)");
  reopen();
  now += 900;
  apply(listing, page_with("PAUSED", 8));
  EXPECT_EQ(stock_row(), "PAUSED|8|992|" + at(now));
  execute(path, "UPDATE stock SET content_hash = zeroblob(32), raw_json = 'no JSON'");
  reopen();
  now += 900;
  apply(listing, page_with("PAUSED", 8));
  EXPECT_EQ(stock_row(), "PAUSED|8|992|" + at(now));
}

class StockCounts : public SharedRows {
 protected:
  void observe(UnixSeconds after_begin, Integer sent) {
    now = begin + after_begin;
    apply(listing, page_with("SENDING", sent));
  }
  std::vector<std::string> counts() const {
    return rows(path, "SELECT observed_at - " + at(begin) +
                          ", sent_total_count FROM stock_count ORDER BY observed_at");
  }
};

TEST_F(StockCounts, HasARowAMinuteAtMost) {
  for (UnixSeconds second = 0; second <= 200; ++second) observe(second, second);
  EXPECT_THAT(counts(), ElementsAre("0|0", "60|60", "120|120", "180|180"));
  EXPECT_EQ(value(path, "SELECT sent_total_count FROM stock"), "200");
}

TEST_F(StockCounts, LosesNeitherTheFirstNorTheLastValueOfAMinute) {
  observe(0, 1);
  observe(1, 2);
  observe(59, 7);
  EXPECT_THAT(counts(), ElementsAre("0|1"));
  observe(60, 7);
  EXPECT_THAT(counts(), ElementsAre("0|1", "60|7"));
}

TEST_F(StockCounts, HasNoRowWhereTheCountersWentThereAndBackOrStoodStill) {
  observe(0, 1);
  observe(10, 2);
  observe(20, 1);
  observe(300, 1);
  observe(900, 1);
  EXPECT_THAT(counts(), ElementsAre("0|1"));
}

TEST_F(StockCounts, KeepsTheMinuteOverARestartAndWhatWasNotKeptBeforeIt) {
  observe(0, 1);
  observe(30, 2);
  reopen();
  observe(40, 2);
  EXPECT_THAT(counts(), ElementsAre("0|1"));
  reopen();
  observe(61, 2);
  EXPECT_THAT(counts(), ElementsAre("0|1", "61|2"));
}

TEST_F(StockCounts, KeepsTheMinuteOverTwoListings) {
  const ListingId other = watch(user("openid-2"));
  observe(0, 1);
  now = begin + 1;
  apply(other, page_with("SENDING", 2));
  observe(2, 3);
  EXPECT_THAT(counts(), ElementsAre("0|1"));
}

TEST_F(StockCounts, GoOnAfterAClockThatWasAhead) {
  observe(8 * 3600, 1);
  observe(0, 2);
  observe(30, 3);
  observe(61, 4);
  observe(62, 4);
  EXPECT_THAT(counts(), ElementsAre("0|2", "61|4", "28800|1"));
  observe(8 * 3600 - 1, 5);
  observe(8 * 3600, 6);
  observe(8 * 3600 + 60, 6);
  EXPECT_THAT(counts(), ElementsAre("0|2", "61|4", "28799|5", "28800|1", "28860|6"));
}

TEST_F(StockCounts, HaveNoRowForAStockWithoutCounters) {
  observe(0, {});
  EXPECT_THAT(counts(), IsEmpty());
  observe(60, 1);
  observe(120, {});
  EXPECT_THAT(counts(), ElementsAre("60|1", "120|NULL"));
}

/// The SQL of that section of the data dictionary.
std::string sql_of_section(const std::string& title) {
  std::ifstream file(COUPONSYNC_SCHEMA "/README.md");
  std::string sql;
  bool in_section = false;
  bool in_sql = false;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("## ")) in_section = line == "## " + title;
    if (line == "```") in_sql = false;
    if (in_section && in_sql) sql += line + "\n";
    if (line == "```sql") in_sql = true;
  }
  return sql;
}

TEST_F(StockCounts, CanBeThinnedAsTheDictionarySays) {
  constexpr UnixSeconds kHour = 3600;
  const UnixSeconds today =
      std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch())
          .count();
  const UnixSeconds old_hour = (today - 40 * 24 * kHour) / kHour * kHour;
  std::int64_t sent = 0;
  const auto observe_at = [&](UnixSeconds time) {
    now = time;
    apply(listing, page_with("SENDING", ++sent));
  };
  for (const UnixSeconds minute : {0, 1, 59, 60, 119, 180}) observe_at(old_hour + minute * 60);
  observe_at(today - 20 * 24 * kHour);
  observe_at(today - 20 * 24 * kHour + 60);
  const std::string thin = sql_of_section("Thinning `stock_count`");
  ASSERT_NE(thin, "");
  execute(path, thin);
  EXPECT_THAT(rows(path, "SELECT sent_total_count FROM stock_count ORDER BY observed_at"),
              ElementsAre("3", "5", "6", "7", "8"));
  const std::vector<std::string> left = rows(path, "SELECT * FROM stock_count");
  execute(path, thin);
  apply(listing, page_with("SENDING", sent));  // the service knows nothing of it
  EXPECT_EQ(rows(path, "SELECT * FROM stock_count"), left);
  reopen();
  now = today;
  apply(listing, page_with("SENDING", sent));
  EXPECT_EQ(rows(path, "SELECT * FROM stock_count"), left) << "the newest row says so already";
}

TEST_F(StockCounts, AreTakenBackWithTheirPage) {
  observe(0, 1);
  mirror.begin();
  observe(60, 2);
  mirror.rollback();
  observe(61, 2);
  EXPECT_THAT(counts(), ElementsAre("0|1", "61|2"));
}

}  // namespace
}  // namespace couponsync
