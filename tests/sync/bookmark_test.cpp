#include "sync/sync_fixture.h"

#include <SQLiteCpp/Database.h>
#include <boost/system/system_error.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace couponsync::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Instead = std::optional<Result<HttpReply>>;

/// What is left of a reading that did not come to its end, and when it is good for something.
class BookmarkTest : public SyncTest {
 protected:
  /// A `once` that reads the first page of a listing of `coupons` and then no more.
  void leave_a_bookmark(int coupons = 120) {
    World world(path_);
    world.populate(1, [&](int) { return coupons; });
    world.api.fault = [](std::size_t, const SeenCall& call) -> Instead {
      if (call.page_token.empty()) return std::nullopt;
      return FakeWechatPay::error_reply(404, "NOT_FOUND");
    };
    EXPECT_EQ(world.once().counters.listings_failed, 1);
    EXPECT_EQ(stored("next_page_token"), "t=+50");
  }
  void pass_time_between_runs(std::chrono::seconds by) {
    SQLite::Database database(path_.string(), SQLite::OPEN_READWRITE);
    database.exec("UPDATE listing SET last_started_at = last_started_at - " + std::to_string(by.count()));
  }
  std::string stored(const std::string& column) const {
    return query_one(path_, "SELECT coalesce(" + column + ", 'NULL') FROM listing");
  }
  static std::vector<std::string> tokens(const World& world) {
    std::vector<std::string> seen;
    for (const SeenCall& call : world.api.calls) seen.push_back(call.page_token);
    return seen;
  }
  /// How long after `world`'s present the listing is due.
  std::int64_t due_in(const World& world) const {
    return std::stoll(stored("next_due_at")) - to_unix_seconds(world.env.wall_now());
  }
};

TEST_F(BookmarkTest, OfYesterdayIsNotGoneOnFrom) {
  leave_a_bookmark();
  pass_time_between_runs(std::chrono::hours(24));
  World world(path_);
  world.populate(1, [](int) { return 130; });
  world.api.coupons["o0"].erase(world.api.coupons["o0"].begin());
  EXPECT_EQ(world.once().counters.listings_ok, 1);
  EXPECT_THAT(tokens(world), ElementsAre("", "t=+50", "t=+100", "", "t=+50", "t=+100"))
      << "from the start, and a second time since a coupon seems to be missing";
  EXPECT_THAT(world.events.resumed_at, IsEmpty());
  EXPECT_EQ(world.events.expired_bookmarks, 1);
  EXPECT_EQ(mirrored_coupons(path_), listed_coupons(world.api));
}

TEST_F(BookmarkTest, OfMinutesAgoIsNotGoneOnFromWhereTheIntervalIsShorter) {
  leave_a_bookmark();
  pass_time_between_runs(std::chrono::seconds(90));
  World world(path_);
  world.interval = std::chrono::seconds(60);
  world.populate(1, [](int) { return 120; });
  world.once();
  EXPECT_THAT(tokens(world), ElementsAre("", "t=+50", "t=+100"));
}

TEST_F(BookmarkTest, FromAClockThatWasAheadIsNotGoneOnFrom) {
  leave_a_bookmark();
  pass_time_between_runs(std::chrono::hours(-8));
  World world(path_);
  world.populate(1, [](int) { return 120; });
  world.once();
  EXPECT_THAT(tokens(world), ElementsAre("", "t=+50", "t=+100"));
}

TEST_F(BookmarkTest, OfAMomentAgoIsGoneOnFromAndItsListingIsDueAgainSoonAndMarksNothingMissing) {
  leave_a_bookmark();
  std::map<std::string, std::vector<std::string>> coupons;
  {
    World world(path_);
    world.populate(1, [](int) { return 120; });
    world.api.coupons["o0"].erase(world.api.coupons["o0"].begin());  // was on the first page
    world.api.coupons["o0"].push_back("new");
    coupons = world.api.coupons;
    const OnceReport report = world.once();
    EXPECT_EQ(report.counters.listings_ok, 1);
    EXPECT_EQ(report.counters.missing, 0);
    EXPECT_THAT(tokens(world), ElementsAre("t=+50", "t=+100"));
    EXPECT_THAT(world.events.resumed_at, ElementsAre(1));
    EXPECT_LE(due_in(world), 60);
  }
  World later(path_);
  later.api.coupons = coupons;
  EXPECT_EQ(later.once().counters.missing, 1);
  EXPECT_GT(due_in(later), 60);
  EXPECT_EQ(mirrored_coupons(path_), listed_coupons(later.api));
}

TEST_F(BookmarkTest, IsGivenUpWhenReadingFailedAtItTwiceWhateverTheReason) {
  for (int run = 0; run < 2; ++run) {
    World world(path_);
    world.populate(1, [](int) { return 120; });
    world.api.fault = [](std::size_t, const SeenCall& call) -> Instead {
      if (call.page_token.empty()) return std::nullopt;
      return FakeWechatPay::error_reply(500, "SYSTEM_ERROR");
    };
    EXPECT_EQ(world.once().counters.listings_failed, 1);
  }
  EXPECT_EQ(stored("next_page_token"), "NULL");
  World world(path_);
  world.populate(1, [](int) { return 120; });
  EXPECT_EQ(world.once().counters.listings_ok, 1);
  EXPECT_THAT(tokens(world), ElementsAre("", "t=+50", "t=+100"));
}

TEST_F(BookmarkTest, WhoseRestFallsShortOfTheTotalCountIsGivenUp) {
  leave_a_bookmark(128);
  World world(path_);
  world.populate(1, [](int) { return 128; });
  world.api.fault = [&world](std::size_t n, const SeenCall&) -> Instead {
    if (n > 0) return std::nullopt;
    return world.api.signed_reply(R"({"user_coupon_list":[]})", world.env.wall_now());
  };
  EXPECT_EQ(world.once().counters.listings_ok, 1);
  EXPECT_THAT(tokens(world), ElementsAre("t=+50", "", "t=+50", "t=+100"));
  EXPECT_EQ(mirrored_coupons(path_), listed_coupons(world.api));
}

/// It was complete at its first reading, but it is the second one that tells what is missing.
TEST_F(BookmarkTest, OfAReadingThatConfirmsIsGoneOnFromByTheOnceThatContinues) {
  {
    World first(path_);
    first.populate(1, [](int) { return 60; });
    first.once();
  }
  UnixSeconds began = 0;
  {
    World interrupted(path_);
    interrupted.populate(1, [](int) { return 59; });
    began = to_unix_seconds(interrupted.env.wall_now());
    interrupted.driver.before_step = [&](std::uint64_t) {
      if (interrupted.api.calls.size() == 4)
        interrupted.driver.cancel.emit(boost::asio::cancellation_type::terminal);
    };
    EXPECT_THROW(interrupted.once(), boost::system::system_error);
    EXPECT_EQ(stored("next_page_token"), "t=+50");
    EXPECT_EQ(stored("last_completed_at"), std::to_string(began));
  }
  World world(path_);
  world.populate(1, [](int) { return 59; });
  const std::unique_ptr<Scheduler> scheduler = world.make_scheduler(world.plan());
  EXPECT_EQ(world.driver.run(scheduler->once({.since = began})).counters.listings_ok, 1);
  EXPECT_THAT(tokens(world), ElementsAre("t=+50"));
}

/// It was killed when all was read, before it could say so.
TEST_F(BookmarkTest, ThatAreAllReadLeaveNothingToTheOnceThatContinues) {
  World world(path_);
  world.populate(3, [](int) { return 60; });
  const UnixSeconds began = to_unix_seconds(world.env.wall_now());
  world.once();
  const std::size_t calls = world.api.calls.size();
  const std::unique_ptr<Scheduler> scheduler = world.make_scheduler(world.plan());
  EXPECT_EQ(world.driver.run(scheduler->once({.since = began})).counters.listings_ok, 3);
  EXPECT_EQ(world.api.calls.size(), calls);
}

/// Nothing failed, but the API was silent for so long that the first page is old.
TEST_F(BookmarkTest, IsRenewedOnceWhereThePagesOfOneReadingAreFarApart) {
  World world(path_);
  world.populate(1, [](int) { return 120; });
  bool first = true;
  world.api.latency_of = [&](const SeenCall& call) -> std::chrono::milliseconds {
    if (call.page_token.empty() || !std::exchange(first, false)) return std::chrono::milliseconds(100);
    return std::chrono::minutes(20);
  };
  EXPECT_EQ(world.once().counters.listings_ok, 1);
  EXPECT_THAT(tokens(world), ElementsAre("", "t=+50", "", "t=+50", "t=+100"));
  EXPECT_EQ(world.events.expired_bookmarks, 1);
}

TEST_F(BookmarkTest, OfASlowPaceIsNotRenewedForEver) {
  World world(path_);
  world.populate(1, [](int) { return 240; });
  world.api.latency = std::chrono::minutes(4);
  EXPECT_EQ(world.once().counters.listings_ok, 1);
  EXPECT_LE(world.api.calls.size(), 10U);
  EXPECT_EQ(mirrored_coupons(path_), listed_coupons(world.api));
}

}  // namespace
}  // namespace couponsync::test
