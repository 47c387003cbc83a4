#include "store/mirror_fixture.h"
#include "support/watchlist.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace couponsync {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// Rule 3: what makes a coupon missing, and what does not.
class MirrorMissing : public MirrorTest {
 protected:
  std::vector<std::string> missing() const {
    return rows(path, "SELECT coupon_code FROM coupon WHERE missing_since IS NOT NULL ORDER BY 1");
  }
  ListingKey narrowed(const std::string& product, const std::string& stock, const std::string& state) const {
    ListingKey key = user("openid-1");
    key.product_coupon_id = product;
    key.stock_id = stock;
    key.coupon_state = state;
    return key;
  }

  ListingId listing = watch(user("openid-1"));
};

TEST_F(MirrorMissing, MarksWhatAWholeListingNoLongerHolds) {
  apply(listing, page_of({{.code = "a"}, {.code = "b"}, {.code = "c", .state = "USED"}}, 3));
  now += 60;
  const PageOutcome outcome = apply(listing, page_of({{.code = "a"}}, 1));
  EXPECT_EQ(outcome.ending, Ending::complete);
  EXPECT_TRUE(outcome.is_complete_picture);
  EXPECT_EQ(outcome.missing, 2);
  EXPECT_EQ(outcome.distinct_coupons, 1);
  EXPECT_EQ(outcome.total_count, 1);
  EXPECT_THAT(missing(), ElementsAre("b", "c"));
  EXPECT_THAT(rows(path, "SELECT kind, from_state, to_state FROM coupon_change WHERE seq > 3"),
              ElementsAre("missing|EFFECTIVE|EFFECTIVE", "missing|USED|USED"));
  EXPECT_THAT(rows(path, "SELECT missing_since, changed_at FROM coupon WHERE missing_since NOT NULL LIMIT 1"),
              ElementsAre(std::to_string(now) + "|" + std::to_string(now)));
}

TEST_F(MirrorMissing, MarksACouponOnce) {
  apply(listing, page_of({{.code = "a"}}, 1));
  apply(listing, page_of({}, 0));
  now += 60;
  EXPECT_EQ(apply(listing, page_of({}, 0)).missing, 0);
  EXPECT_EQ(changes().size(), 2U);
  EXPECT_EQ(value(path, "SELECT missing_since FROM coupon"), std::to_string(now - 60));
}

TEST_F(MirrorMissing, TellsThatACouponReturned) {
  apply(listing, page_of({{.code = "a"}}, 1));
  apply(listing, page_of({}, 0));
  now += 60;
  const PageOutcome outcome = apply(listing, page_of({{.code = "a"}}, 1));
  EXPECT_EQ(outcome.returned, 1);
  EXPECT_EQ(outcome.unchanged, 1);
  EXPECT_THAT(missing(), IsEmpty());
  EXPECT_EQ(changes().back(), "returned|EFFECTIVE|EFFECTIVE");
  EXPECT_EQ(value(path, "SELECT changed_at FROM coupon"), std::to_string(now));
}

TEST_F(MirrorMissing, TellsThatACouponReturnedAsAnother) {
  apply(listing, page_of({{.code = "a"}}, 1));
  apply(listing, page_of({}, 0));
  const PageOutcome outcome = apply(listing, page_of({{.code = "a", .state = "USED"}}, 1));
  EXPECT_EQ(outcome.returned, 1);
  EXPECT_EQ(outcome.updated, 1);
  EXPECT_THAT(missing(), IsEmpty());
  EXPECT_THAT(changes(), ElementsAre("added|NULL|EFFECTIVE", "missing|EFFECTIVE|EFFECTIVE",
                                     "returned|EFFECTIVE|EFFECTIVE", "state|EFFECTIVE|USED"));
}

TEST_F(MirrorMissing, AddsUpOverSeveralPagesOnceASecondReadingShowsTheSame) {
  apply(listing, page_of({{.code = "a"}, {.code = "b"}, {.code = "c"}}, 3));
  EXPECT_EQ(apply(listing, page_of({{.code = "a"}}, 2, "t1")).ending, Ending::none);
  EXPECT_EQ(apply(listing, page_of({}, {}, "t2"), 1).ending, Ending::none);
  const PageOutcome first = apply(listing, page_of({{.code = "b"}}), 2);
  EXPECT_EQ(first.ending, Ending::unconfirmed);
  EXPECT_TRUE(first.is_complete_picture);
  EXPECT_THAT(missing(), IsEmpty());
  EXPECT_EQ(value(path, "SELECT last_completed_at, next_page_token FROM listing"),
            std::to_string(now) + "|NULL");
  apply(listing, page_of({{.code = "b"}}, 2, "t1"));
  const PageOutcome second = apply(listing, page_of({{.code = "a"}}), 1);
  EXPECT_EQ(second.ending, Ending::complete);
  EXPECT_EQ(second.missing, 1);
  EXPECT_EQ(second.distinct_coupons, 2);
  EXPECT_EQ(second.total_count, 2);
  EXPECT_THAT(missing(), ElementsAre("c"));
}

TEST_F(MirrorMissing, MarksNothingByAReadingThatStoodStillBetweenPages) {
  apply(listing, page_of({{.code = "a"}, {.code = "b"}, {.code = "c"}}, 3));
  for (int reading = 0; reading < 3; ++reading) {
    apply(listing, page_of({{.code = "a"}}, 2, "t1"));
    const RequestOrder sent = send();
    const PageOutcome last = mirror.apply_page({.listing = listing,
                                                .page = page_of({{.code = "b"}}),
                                                .page_index = 1,
                                                .started_at = now,
                                                .seen = {.sent = sent,
                                                         .reading_began = reading_began[listing],
                                                         .received = next_request,
                                                         .observed_at = now},
                                                .next_due_at = now + 60,
                                                .after_break = true});
    EXPECT_EQ(last.ending, Ending::complete);
    EXPECT_FALSE(last.is_complete_picture);
  }
  EXPECT_THAT(missing(), IsEmpty());
}

// b is listed all the time: it moved to a page that had been read when a, before it, was deleted, while d,
// new, made up the number.
TEST_F(MirrorMissing, MarksNothingThatMovedBetweenPages) {
  apply(listing, page_of({{.code = "a"}, {.code = "b"}, {.code = "c"}}, 3));
  apply(listing, page_of({{.code = "a"}}, 3, "t1"));
  EXPECT_EQ(apply(listing, page_of({{.code = "c"}, {.code = "d"}}), 1).ending, Ending::unconfirmed);
  apply(listing, page_of({{.code = "b"}}, 3, "t1"));
  EXPECT_EQ(apply(listing, page_of({{.code = "c"}, {.code = "d"}}), 1).ending, Ending::unconfirmed);
  EXPECT_THAT(missing(), IsEmpty());
  apply(listing, page_of({{.code = "b"}}, 3, "t1"));
  EXPECT_EQ(apply(listing, page_of({{.code = "c"}, {.code = "d"}}), 1).ending, Ending::complete);
  EXPECT_THAT(missing(), ElementsAre("a"));
}

TEST_F(MirrorMissing, ComparesOnlyReadingsInARow) {
  apply(listing, page_of({{.code = "a"}, {.code = "b"}, {.code = "c"}}, 3));
  const auto read_without_c = [&] {
    apply(listing, page_of({{.code = "a"}}, 2, "t1"));
    return apply(listing, page_of({{.code = "b"}}), 1).ending;
  };
  EXPECT_EQ(read_without_c(), Ending::unconfirmed);
  mirror.record_failure({.listing = listing, .code = "TIMED_OUT", .message = {}, .request_id = {}});
  EXPECT_EQ(read_without_c(), Ending::unconfirmed);
  reopen();
  EXPECT_EQ(read_without_c(), Ending::unconfirmed);
  EXPECT_THAT(missing(), IsEmpty());
  EXPECT_EQ(read_without_c(), Ending::complete);
  EXPECT_THAT(missing(), ElementsAre("c"));
}

TEST_F(MirrorMissing, MarksNothingWithoutATotalCount) {
  apply(listing, page_of({{.code = "a"}}, 1));
  const PageOutcome outcome = apply(listing, page_of({}));
  EXPECT_FALSE(outcome.is_complete_picture);
  EXPECT_EQ(outcome.total_count, std::nullopt);
  EXPECT_EQ(outcome.distinct_coupons, 0);
  EXPECT_THAT(missing(), IsEmpty());
}

TEST_F(MirrorMissing, MarksNothingIfFewerCouponsCameThanPromised) {
  apply(listing, page_of({{.code = "a"}, {.code = "b"}}, 2));
  apply(listing, page_of({{.code = "a"}}, 2, "t1"));
  const PageOutcome outcome = apply(listing, page_of({{.code = "a"}}), 1);
  EXPECT_EQ(outcome.ending, Ending::inconsistent);
  EXPECT_FALSE(outcome.is_complete_picture);
  EXPECT_EQ(outcome.distinct_coupons, 1);
  EXPECT_EQ(outcome.total_count, 2);
  EXPECT_THAT(missing(), IsEmpty());
}

TEST_F(MirrorMissing, IsNotCompleteIfItsPagesDoNotAddUp) {
  apply(listing, page_of({{.code = "a"}, {.code = "b"}}, 2));
  const std::string complete =
      value(path, "SELECT last_completed_at, last_whole_at, next_due_at FROM listing");
  now += 60;
  apply(listing, page_of({{.code = "a"}}, 2, "t1"));
  apply(listing, page_of({{.code = "a"}}), 1);
  EXPECT_EQ(value(path, "SELECT last_completed_at, last_whole_at, next_due_at FROM listing"), complete);
  EXPECT_EQ(value(path, "SELECT next_page_token, pages_done FROM listing"), "NULL|2");
}

TEST_F(MirrorMissing, MarksNothingIfMoreCouponsCameThanPromised) {
  apply(listing, page_of({{.code = "a"}, {.code = "b"}}, 2));
  EXPECT_EQ(apply(listing, page_of({{.code = "a"}, {.code = "c"}}, 1)).ending, Ending::inconsistent);
  EXPECT_THAT(missing(), IsEmpty());
}

TEST_F(MirrorMissing, MarksNothingIfALaterPagePromisesOtherwise) {
  apply(listing, page_of({{.code = "a"}, {.code = "b"}, {.code = "c"}}, 3));
  apply(listing, page_of({{.code = "a"}}, 2, "t1"));
  const PageOutcome outcome = apply(listing, page_of({{.code = "b"}}, 1), 1);
  EXPECT_EQ(outcome.ending, Ending::inconsistent);
  EXPECT_THAT(missing(), IsEmpty());
}

TEST_F(MirrorMissing, MarksNothingAfterARestart) {
  apply(listing, page_of({{.code = "a"}, {.code = "b"}}, 2));
  apply(listing, page_of({{.code = "a"}}, 1, "t1"));
  reopen();
  const PageOutcome outcome = apply(listing, page_of({}), 1);
  EXPECT_EQ(outcome.ending, Ending::complete);
  EXPECT_FALSE(outcome.is_complete_picture);
  EXPECT_EQ(outcome.distinct_coupons, std::nullopt);
  EXPECT_EQ(outcome.total_count, 1);
  EXPECT_THAT(missing(), IsEmpty());
}

TEST_F(MirrorMissing, MarksNothingAfterAFailureInBetween) {
  apply(listing, page_of({{.code = "a"}, {.code = "b"}}, 2));
  apply(listing, page_of({{.code = "a"}}, 1, "t1"));
  mirror.record_failure({.listing = listing, .code = "TIMED_OUT", .message = {}, .request_id = {}});
  EXPECT_FALSE(apply(listing, page_of({}), 1).is_complete_picture);
  EXPECT_THAT(missing(), IsEmpty());
}

TEST_F(MirrorMissing, MarksNothingAfterAPageThatWasTakenBack) {
  apply(listing, page_of({{.code = "a"}, {.code = "b"}}, 2));
  apply(listing, page_of({{.code = "a"}}, 1, "t1"));
  mirror.begin();
  apply(listing, page_of({}, {}, "t2"), 1);
  mirror.rollback();
  EXPECT_FALSE(apply(listing, page_of({}), 1).is_complete_picture);
  EXPECT_THAT(missing(), IsEmpty());
}

TEST_F(MirrorMissing, MarksNothingAfterItsListingLeftTheWatchlistInBetween) {
  apply(listing, page_of({{.code = "a"}, {.code = "b"}}, 2));
  apply(listing, page_of({{.code = "a"}}, 1, "t1"));
  set_watchlist(mirror, {});
  set_watchlist(mirror, watched);
  EXPECT_FALSE(apply(listing, page_of({}), 1).is_complete_picture);
  EXPECT_THAT(missing(), IsEmpty());
}

TEST_F(MirrorMissing, CountsAnewWhenAReadingBeginsAnew) {
  apply(listing, page_of({{.code = "a"}, {.code = "b"}}, 2));
  apply(listing, page_of({{.code = "b"}}, 2, "t1"));
  mirror.drop_bookmark(listing);
  const PageOutcome outcome = apply(listing, page_of({{.code = "a"}}, 1));
  EXPECT_TRUE(outcome.is_complete_picture);
  EXPECT_THAT(missing(), ElementsAre("b"));
}

TEST_F(MirrorMissing, LeavesOtherUsersAlone) {
  ListingKey other_app = user("openid-1");
  other_app.appid = "wx-other";
  apply(watch(user("openid-2")), page_of({{.code = "theirs"}}, 1));
  apply(watch(other_app), page_of({{.code = "elsewhere"}}, 1));
  apply(listing, page_of({{.code = "mine"}}, 1));
  EXPECT_EQ(apply(listing, page_of({}, 0)).missing, 1);
  EXPECT_THAT(missing(), ElementsAre("mine"));
}

TEST_F(MirrorMissing, NarrowsToAStock) {
  apply(listing, page_of({{.code = "a"}, {.code = "b", .stock = "stock-2"}}, 2));
  EXPECT_EQ(apply(watch(narrowed("", "stock-2", "")), page_of({}, 0)).missing, 1);
  EXPECT_THAT(missing(), ElementsAre("b"));
}

TEST_F(MirrorMissing, NarrowsToAProductOnlyWhereCouponAndStockAgree) {
  Page page = page_of({{.code = "agree", .stock = "s1", .product = "p"},
                       {.code = "stock-says-other", .stock = "s2", .product = "p"},
                       {.code = "stock-says-nothing", .stock = "s3", .product = "p"},
                       {.code = "stock-unknown", .stock = "s4", .product = "p"},
                       {.code = "only-stock-says", .stock = "s1", .product = std::nullopt},
                       {.code = "nobody-says", .stock = "s3", .product = std::nullopt},
                       {.code = "other", .stock = "s2", .product = "q"}},
                      7);
  page.stocks = {stock("s1", "p"), stock("s2", "q"), stock("s3", std::nullopt)};
  apply(listing, page);
  apply(watch(narrowed("p", "", "")), page_of({}, 0));
  EXPECT_THAT(missing(), ElementsAre("agree", "only-stock-says", "stock-says-nothing", "stock-unknown"));
}

TEST_F(MirrorMissing, NarrowsToAStockOfAProduct) {
  apply(listing, page_of({{.code = "a"}, {.code = "b", .stock = "stock-2"}}, 2));
  apply(watch(narrowed("product-2", "stock-1", "")), page_of({}, 0));
  EXPECT_THAT(missing(), IsEmpty());
  apply(watch(narrowed("product-1", "stock-1", "")), page_of({}, 0));
  EXPECT_THAT(missing(), ElementsAre("a"));
}

TEST_F(MirrorMissing, LeavesTheDecisionToAListingOfAllStates) {
  apply(listing, page_of({{.code = "a"}, {.code = "b"}}, 2));
  EXPECT_EQ(apply(watch(narrowed("", "", "EFFECTIVE")), page_of({}, 0)).missing, 0);
  EXPECT_THAT(missing(), IsEmpty());
  EXPECT_EQ(apply(listing, page_of({{.code = "a", .state = "USED"}}, 1)).missing, 1);
  EXPECT_THAT(missing(), ElementsAre("b"));
}

TEST_F(MirrorMissing, SparesACouponThatAnotherListingShowedMeanwhile) {
  const ListingId other = watch(narrowed("", "stock-2", ""));
  apply(listing, page_of({{.code = "a"}}, 1, "t1"));
  apply(other, page_of({{.code = "new", .stock = "stock-2"}}, 1));
  const PageOutcome outcome = apply(listing, page_of({}), 1);
  EXPECT_EQ(outcome.ending, Ending::complete);
  EXPECT_TRUE(outcome.is_complete_picture);
  EXPECT_EQ(outcome.missing, 0);
  EXPECT_EQ(apply(listing, page_of({{.code = "a"}}, 1)).missing, 1);
}

}  // namespace
}  // namespace couponsync
