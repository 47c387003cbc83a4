#include "store/mirror_fixture.h"
#include "support/sanitized.h"
#include "support/watchlist.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

namespace couponsync {
namespace {

using testing::ElementsAre;

class MirrorListing : public MirrorTest {
 protected:
  Listing state_of(ListingId id) {
    for (const Listing& state : set_watchlist(mirror, watched))
      if (state.id == id) return state;
    throw std::runtime_error("not watched");
  }
  std::string row(const std::string& columns) const {
    return value(path, "SELECT " + columns + " FROM listing");
  }
};

TEST_F(MirrorListing, StartsWithNothingReadAndDueAtOnce) {
  const Listing state = state_of(watch(user("openid-1")));
  EXPECT_EQ(state.key, user("openid-1"));
  EXPECT_EQ(state.next_page_token, std::nullopt);
  EXPECT_EQ(state.pages_done, 0);
  EXPECT_EQ(state.total_count, std::nullopt);
  EXPECT_EQ(state.last_started_at, std::nullopt);
  EXPECT_EQ(state.last_completed_at, std::nullopt);
  EXPECT_EQ(state.next_due_at, std::nullopt);
  EXPECT_EQ(state.failures, 0);
}

TEST_F(MirrorListing, GivesTheWatchlistInItsOrderAndOneRowToEachKey) {
  ListingKey narrowed = user("b");
  narrowed.coupon_state = "USED";
  const std::vector<ListingKey> keys{user("b"), user("a"), narrowed, user("a")};
  const std::vector<Listing> states = set_watchlist(mirror, keys);
  ASSERT_EQ(states.size(), 4U);
  for (std::size_t i = 0; i < keys.size(); ++i) EXPECT_EQ(states[i].key, keys[i]);
  EXPECT_EQ(states[1].id, states[3].id);
  EXPECT_EQ(value(path, "SELECT count(*) FROM listing"), "3");
}

TEST_F(MirrorListing, NamesAListingAsTheLogsDo) {
  watch(user("openid-1"));
  EXPECT_EQ(row("log_name"), Openid("openid-1").redacted());
}

TEST_F(MirrorListing, KeepsWhatLeftTheWatchlistAndTakesItUpAgain) {
  const ListingId id = watch(user("a"));
  watch(user("b"));
  apply(id, page_of({{.code = "x"}}, 2, "t1"));
  set_watchlist(mirror, std::vector{user("b")});
  EXPECT_THAT(rows(path, "SELECT openid, watched FROM listing ORDER BY 1"), ElementsAre("a|0", "b|1"));
  EXPECT_EQ(value(path, "SELECT count(*) FROM coupon"), "1");
  const Listing state = set_watchlist(mirror, std::vector{user("a")}).front();
  EXPECT_EQ(state.id, id);
  EXPECT_EQ(state.next_page_token, "t1");
  EXPECT_EQ(state.pages_done, 1);
  EXPECT_THAT(rows(path, "SELECT openid, watched FROM listing ORDER BY 1"), ElementsAre("a|1", "b|0"));
}

TEST_F(MirrorListing, SetsTheSameWatchlistWithoutWriting) {
  watch(user("a"));
  DataVersion reader(path);
  const std::int64_t before = reader.now();
  set_watchlist(mirror, watched);
  EXPECT_EQ(reader.now(), before);
}

TEST_F(MirrorListing, MovesTheCheckpointWithEachPage) {
  const ListingId id = watch(user("a"));
  apply(id, page_of({{.code = "a"}}, 1, "t1"));
  Listing state = state_of(id);
  EXPECT_EQ(state.next_page_token, "t1");
  EXPECT_EQ(state.pages_done, 1);
  EXPECT_EQ(state.total_count, 1);
  EXPECT_EQ(state.last_started_at, now);
  EXPECT_EQ(state.last_completed_at, std::nullopt);

  const UnixSeconds started = now;
  now += 5;
  apply(id, page_of({}, {}, "t2"), 1);
  state = state_of(id);
  EXPECT_EQ(state.next_page_token, "t2");
  EXPECT_EQ(state.pages_done, 2);
  EXPECT_EQ(state.total_count, 1);
  EXPECT_EQ(state.last_started_at, started);

  now += 5;
  apply(id, page_of({}), 2);
  state = state_of(id);
  EXPECT_EQ(state.next_page_token, std::nullopt);
  EXPECT_EQ(state.pages_done, 3);
  EXPECT_EQ(state.total_count, 1);
  EXPECT_EQ(state.last_started_at, started);
  EXPECT_EQ(state.last_completed_at, now);
  EXPECT_EQ(state.next_due_at, now + 900);
}

TEST_F(MirrorListing, ForgetsTheOldTotalWhenItBeginsAgain) {
  const ListingId id = watch(user("a"));
  apply(id, page_of({}, 70));
  apply(id, page_of({}, {}, "t1"));
  EXPECT_EQ(state_of(id).total_count, std::nullopt);
}

TEST_F(MirrorListing, RefusesAPageOutOfTurn) {
  const ListingId id = watch(user("a"));
  EXPECT_THROW(apply(id, page_of({}, {}, "t1"), 1), std::logic_error);
  apply(id, page_of({}, 2, "t1"));
  EXPECT_THROW(apply(id, page_of({}), 2), std::logic_error);
  apply(id, page_of({}), 1);
  EXPECT_THROW(apply(id, page_of({}), 2), std::logic_error);
  EXPECT_EQ(row("pages_done, next_page_token"), "2|NULL");
}

TEST_F(MirrorListing, CountsFailuresAndKeepsTheBookmark) {
  const ListingId id = watch(user("a"));
  mirror.record_failure({.listing = id, .code = "TIMED_OUT", .message = {}, .request_id = {}});
  apply(id, page_of({{.code = "1"}, {.code = "2"}}, 2, "t1"));
  {
    const Listing failed = mirror.record_failure({.listing = id,
                                                  .started_at = now + 1,
                                                  .next_due_at = now + 60,
                                                  .code = "SERVER_ERROR",
                                                  .message = "HTTP 500",
                                                  .request_id = "req-1"});
    EXPECT_EQ(failed.next_page_token, "t1");
    EXPECT_EQ(failed.failures, 2);
  }
  EXPECT_EQ(row("failures, last_error_code, last_error, last_request_id, next_page_token, pages_done"),
            "2|SERVER_ERROR|HTTP 500|req-1|t1|1");
  EXPECT_EQ(row("last_started_at, next_due_at"), std::to_string(now + 1) + "|" + std::to_string(now + 60));
  EXPECT_EQ(state_of(id).failures, 2);

  apply(id, page_of({}, {}, "t2"), 1);
  EXPECT_EQ(row("failures, last_error_code"), "2|SERVER_ERROR");
  apply(id, page_of({}), 2);
  EXPECT_EQ(row("failures, last_error_code, last_error, last_request_id"), "0|NULL|NULL|NULL");
}

TEST_F(MirrorListing, GivesUpABookmarkAtWhichReadingFailedTwice) {
  const ListingId id = watch(user("a"));
  const auto fail = [&] {
    return mirror.record_failure({.listing = id, .code = "SYSTEM_ERROR", .message = {}, .request_id = {}});
  };
  apply(id, page_of({{.code = "1"}}, 9, "t1"));
  EXPECT_EQ(fail().next_page_token, "t1");
  apply(id, page_of({{.code = "2"}}, {}, "t2"), 1);
  EXPECT_EQ(fail().next_page_token, "t2") << "the first failure at another bookmark";
  const Listing given_up = fail();
  EXPECT_EQ(given_up.next_page_token, std::nullopt);
  EXPECT_EQ(given_up.pages_done, 0);
  EXPECT_EQ(row("next_page_token, pages_done, entries_done, bookmark_failures, failures"), "NULL|0|0|0|3");
  EXPECT_EQ(apply(id, page_of({}, 0)).ending, Ending::complete);
}

TEST_F(MirrorListing, GivesUpABookmarkAlsoAfterARestartInBetween) {
  const ListingId id = watch(user("a"));
  apply(id, page_of({}, 9, "t1"));
  mirror.record_failure({.listing = id, .code = "SYSTEM_ERROR", .message = {}, .request_id = {}});
  reopen();
  mirror.record_failure({.listing = id, .code = "TIMED_OUT", .message = {}, .request_id = {}});
  EXPECT_EQ(row("next_page_token"), "NULL");
}

TEST_F(MirrorListing, ReadsAgainWhatAfterABreakFellShortOfItsTotalCount) {
  const ListingId id = watch(user("a"));
  apply(id, page_of({{.code = "1"}, {.code = "2"}}, 128, "t1"));
  reopen();
  const PageOutcome outcome = apply(id, page_of({}), 1);
  EXPECT_EQ(outcome.ending, Ending::inconsistent);
  EXPECT_EQ(outcome.total_count, 128);
  EXPECT_EQ(row("last_completed_at"), "NULL");
}

TEST_F(MirrorListing, CountsRefusedEntriesAndMarksNothingMissingForThem) {
  const ListingId id = watch(user("a"));
  apply(id, page_of({{.code = "1"}, {.code = "2"}}, 2));
  Page page = page_of({{.code = "1"}}, 2);
  page.refused_entries = 1;
  const PageOutcome outcome = apply(id, page);
  EXPECT_EQ(outcome.ending, Ending::complete);
  EXPECT_FALSE(outcome.is_complete_picture);
  EXPECT_EQ(outcome.missing, 0);
  EXPECT_EQ(row("failures, last_completed_at"), "0|" + std::to_string(now));
}

TEST_F(MirrorListing, KeepsTheTotalCountOfTheFirstPageWhateverALaterOneSays) {
  const ListingId id = watch(user("a"));
  apply(id, page_of({{.code = "1"}}, 2, "t1"));
  const PageOutcome outcome = apply(id, page_of({{.code = "2"}}, 7, "t2"), 1);
  EXPECT_EQ(row("total_count"), "2");
  EXPECT_EQ(outcome.after.total_count, 2);
}

TEST_F(MirrorListing, StoresNoEmptyTextForAFailureWithoutAReply) {
  const ListingId id = watch(user("a"));
  mirror.record_failure({.listing = id, .code = "TIMED_OUT", .message = {}, .request_id = {}});
  EXPECT_EQ(row("last_error_code, last_error, last_request_id"), "TIMED_OUT|NULL|NULL");
}

TEST_F(MirrorListing, DropsABookmark) {
  const ListingId id = watch(user("a"));
  apply(id, page_of({}, 2, "t1"));
  mirror.drop_bookmark(id);
  EXPECT_EQ(row("next_page_token, pages_done"), "NULL|0");
}

TEST_F(MirrorListing, RefusesAListingThatIsNotThere) {
  EXPECT_THROW(apply(1, page_of({})), std::logic_error);
  EXPECT_THROW(mirror.record_failure({.listing = 1, .code = {}, .message = {}, .request_id = {}}),
               std::logic_error);
  EXPECT_THROW(mirror.drop_bookmark(1), std::logic_error);
}

TEST_F(MirrorListing, HoldsAHundredThousandListings) {
  constexpr int kAll = test::repetitions(100'000);
  constexpr int kHalf = kAll / 2;
  for (int i = 0; i < kAll; ++i) watched.push_back(user("openid-" + std::to_string(i)));
  EXPECT_EQ(set_watchlist(mirror, watched).back().id, kAll);
  watched.resize(kHalf);
  set_watchlist(mirror, watched);
  EXPECT_EQ(value(path, "SELECT sum(watched), count(*) FROM listing"),
            std::to_string(kHalf) + "|" + std::to_string(kAll));
}

class MirrorRun : public MirrorTest {};

TEST_F(MirrorRun, StoresEveryCounter) {
  const RunId run = mirror.start_run(RunTrigger::sighup, now);
  EXPECT_EQ(value(path, "SELECT trigger, started_at, finished_at, pages FROM sync_run"),
            "sighup|" + std::to_string(now) + "|NULL|0");
  mirror.finish_run(run,
                    {.listings_total = 1,
                     .listings_ok = 2,
                     .listings_failed = 3,
                     .pages = 4,
                     .requests = 5,
                     .coupons_seen = 6,
                     .inserted = 7,
                     .updated = 8,
                     .unchanged = 9,
                     .missing = 10,
                     .rate_limited = 11,
                     .retries = 12,
                     .failovers = 13,
                     .bytes = 14,
                     .seconds = 1.5},
                    now + 9);
  EXPECT_EQ(value(path, "SELECT * FROM sync_run"), "1|sighup|" + std::to_string(now) + "|" +
                                                       std::to_string(now + 9) +
                                                       "|1|2|3|4|5|6|7|8|9|10|11|12|13|14|1.5");
}

TEST_F(MirrorRun, KnowsEachTriggerByName) {
  for (const RunTrigger trigger :
       {RunTrigger::start, RunTrigger::interval, RunTrigger::sighup, RunTrigger::once})
    mirror.start_run(trigger, now);
  EXPECT_THAT(rows(path, "SELECT trigger FROM sync_run ORDER BY id"),
              ElementsAre("start", "interval", "sighup", "once"));
}

TEST_F(MirrorRun, FindsAOnceThatWasInterruptedLast) {
  EXPECT_FALSE(mirror.interrupted_once());
  const RunId once = mirror.start_run(RunTrigger::once, now);
  ASSERT_TRUE(mirror.interrupted_once());
  EXPECT_EQ(mirror.interrupted_once()->id, once);
  EXPECT_EQ(mirror.interrupted_once()->started_at, now);
  mirror.finish_run(once, {.pages = 3}, std::nullopt);
  reopen();
  EXPECT_TRUE(mirror.interrupted_once());
  mirror.finish_run(once, {}, now);
  EXPECT_FALSE(mirror.interrupted_once());
}

TEST_F(MirrorRun, ForgetsAnInterruptedOnceAfterAnotherRun) {
  mirror.start_run(RunTrigger::once, now);
  mirror.start_run(RunTrigger::start, now + 1);
  EXPECT_FALSE(mirror.interrupted_once());
}

TEST_F(MirrorRun, EndsWhereItsRowWasDeletedMeanwhile) { EXPECT_NO_THROW(mirror.finish_run(5, {}, now)); }

}  // namespace
}  // namespace couponsync
