#include "support/sanitized.h"
#include "sync/sync_fixture.h"

#include <boost/system/system_error.hpp>

#include <algorithm>
#include <random>
#include <utility>

namespace couponsync::test {
namespace {

using Instead = std::optional<Result<HttpReply>>;

class ListingReaderTest : public SyncTest {
 protected:
  World world_{path_};
};

TEST_F(ListingReaderTest, ReadsEveryPageOfEveryListingOnceAndInOrder) {
  world_.populate(20, [](int i) { return i * 13; });
  const OnceReport report = world_.once();
  EXPECT_EQ(report.counters.listings_ok, 20);
  EXPECT_EQ(mirrored_coupons(path_), listed_coupons(world_.api));
  std::map<std::string, std::vector<std::string>> tokens;
  for (const SeenCall& call : world_.api.calls) tokens[call.openid].push_back(call.page_token);
  for (const auto& [openid, seen] : tokens)
    for (std::size_t page = 0; page < seen.size(); ++page)
      EXPECT_EQ(seen[page], page == 0 ? "" : "t=+" + std::to_string(page * 50)) << openid;
}

TEST_F(ListingReaderTest, ReadingTheSameAgainChangesNothing) {
  world_.populate(5, [](int) { return 60; });
  world_.once();
  const OnceReport again = world_.once();
  EXPECT_EQ(again.counters.unchanged, 300);
  EXPECT_EQ(again.counters.inserted + again.counters.updated + again.counters.missing, 0);
  EXPECT_EQ(query_one(path_, "SELECT count(*) FROM coupon_change"), "300");
}

TEST_F(ListingReaderTest, StartsOverOnceWhenThePageTokenIsRefused) {
  world_.populate(1, [](int) { return 120; });
  world_.api.fault = [](std::size_t n, const SeenCall&) -> Instead {
    if (n == 1) return FakeWechatPay::error_reply(400, "PARAM_ERROR");
    return std::nullopt;
  };
  const OnceReport report = world_.once();
  EXPECT_EQ(report.counters.listings_ok, 1);
  EXPECT_EQ(world_.events.restarts.size(), 1U);
  EXPECT_EQ(mirrored_coupons(path_), listed_coupons(world_.api));
}

TEST_F(ListingReaderTest, FailsWhenThePageTokenIsRefusedAgain) {
  world_.populate(1, [](int) { return 120; });
  world_.api.fault = [](std::size_t, const SeenCall& call) -> Instead {
    if (!call.page_token.empty()) return FakeWechatPay::error_reply(400, "PARAM_ERROR");
    return std::nullopt;
  };
  const OnceReport report = world_.once();
  EXPECT_EQ(report.counters.listings_failed, 1);
  EXPECT_EQ(world_.api.calls.size(), 4U);
  EXPECT_EQ(query_one(path_, "SELECT last_error_code FROM listing"), "PARAM_ERROR");
}

TEST_F(ListingReaderTest, EndsAListingWhosePageTokenRepeatsTwice) {
  world_.populate(1, [](int) { return 500; });
  world_.api.fault = [this](std::size_t n, const SeenCall& call) -> Instead {
    if (n < 2 || call.page_token.empty()) return std::nullopt;
    SeenCall stuck = call;
    stuck.page_token = "t=+50";
    return world_.api.page_for(stuck);
  };
  const OnceReport report = world_.once();
  EXPECT_EQ(report.counters.listings_failed, 1);
  ASSERT_FALSE(world_.events.failures.empty());
  EXPECT_EQ(world_.events.failures[0].kind, FailureKind::repeated_page_token);
  EXPECT_EQ(world_.events.restarts.size(), 1U);
  EXPECT_LT(world_.api.calls.size(), 8U);
  EXPECT_EQ(query_one(path_, "SELECT next_page_token IS NULL FROM listing"), "1");
}

TEST_F(ListingReaderTest, EndsAListingThatNeverEnds) {
  world_.populate(1, [](int) { return 50; });
  world_.api.fault = [this](std::size_t n, const SeenCall&) -> Instead {
    const std::string total = n == 0 ? R"("total_count":50,)" : "";
    return world_.api.signed_reply("{" + total + R"("next_page_token":"t=+)" + std::to_string(n + 1) + "\"}",
                                   world_.env.wall_now());
  };
  const OnceReport report = world_.once();
  EXPECT_EQ(report.counters.listings_failed, 1);
  EXPECT_EQ(world_.events.failures.at(0).kind, FailureKind::too_many_pages);
  EXPECT_EQ(world_.api.calls.size(), 60U);
}

TEST_F(ListingReaderTest, GoesOnPastAnEmptyPageThatHasANextToken) {
  world_.populate(1, [](int) { return 70; });
  world_.api.fault = [this](std::size_t n, const SeenCall& call) -> Instead {
    if (n == 1)
      return world_.api.signed_reply(R"({"user_coupon_list":[],"next_page_token":"x+50"})",
                                     world_.env.wall_now());
    return world_.api.page_for(call);
  };
  const OnceReport report = world_.once();
  EXPECT_EQ(report.counters.listings_ok, 1);
  EXPECT_EQ(mirrored_coupons(path_), listed_coupons(world_.api));
}

TEST_F(ListingReaderTest, ABrokenPageFailsItsListingAlone) {
  world_.populate(10, [](int) { return 5; });
  world_.api.fault = [this](std::size_t, const SeenCall& call) -> Instead {
    if (call.openid == "o3")
      return world_.api.signed_reply(R"({"user_coupon_list":[{"coupon_code":7)", world_.env.wall_now());
    return std::nullopt;
  };
  const OnceReport report = world_.once();
  EXPECT_EQ(report.counters.listings_ok, 9);
  EXPECT_EQ(report.counters.listings_failed, 1);
  EXPECT_EQ(query_one(path_, "SELECT last_error_code FROM listing WHERE openid = 'o3'"), "UNDECODABLE");
  EXPECT_EQ(query_one(path_, "SELECT count(*) FROM coupon WHERE openid = 'o3'"), "0");
}

TEST_F(ListingReaderTest, MarksACouponMissingWhenTwoReadingsDoNotHaveItAndTakesItBackWhenItReturns) {
  world_.populate(1, [](int) { return 60; });
  world_.once();
  const std::string gone = world_.api.coupons["o0"].back();
  world_.api.coupons["o0"].pop_back();
  const OnceReport report = world_.once();
  EXPECT_EQ(report.counters.missing, 1);
  EXPECT_EQ(report.counters.pages, 4);
  EXPECT_EQ(world_.events.rereads, 1);
  EXPECT_EQ(mirrored_coupons(path_), listed_coupons(world_.api));
  world_.api.coupons["o0"].push_back(gone);
  EXPECT_EQ(world_.once().counters.pages, 2);
  EXPECT_EQ(mirrored_coupons(path_), listed_coupons(world_.api));
  EXPECT_EQ(
      query_one(path_,
                "SELECT group_concat(kind) FROM (SELECT kind FROM coupon_change WHERE kind <> 'added')"),
      "missing,returned");
}

TEST_F(ListingReaderTest, ALateReplyIsOrderedByItsRequestAndHidesNothingThatALaterOneShowed) {
  world_.populate(2, [](int) { return 1; });
  std::vector<ListingKey> keys = world_.watchlist();
  keys.push_back({"wxapp", Openid("o1"), "", "S1", ""});
  std::optional<std::size_t> late;
  world_.api.latency_of = [&](const SeenCall& call) -> std::chrono::milliseconds {
    if (call.openid != "o1" || late) return std::chrono::milliseconds(100);
    late = world_.api.calls.size() - 1;
    return std::chrono::seconds(10);
  };
  world_.api.fault = [&](std::size_t n, const SeenCall& call) -> Instead {
    const std::string state = n == late ? "EFFECTIVE" : "USED";
    world_.api.state_of = [state](const std::string&) { return state; };
    return world_.api.page_for(call);
  };
  EXPECT_EQ(world_.once_over(world_.plan_for(keys)).counters.listings_ok, 3);
  EXPECT_GE(world_.api.max_in_flight, 2U);
  EXPECT_EQ(query_one(path_, "SELECT coupon_state FROM coupon WHERE openid = 'o1'"), "USED");
}

TEST_F(ListingReaderTest, NeedsNoSecondReadingOfASinglePage) {
  world_.populate(1, [](int) { return 3; });
  world_.once();
  world_.api.coupons["o0"].pop_back();
  const OnceReport report = world_.once();
  EXPECT_EQ(report.counters.missing, 1);
  EXPECT_EQ(report.counters.pages, 1);
}

TEST_F(ListingReaderTest, ReadsAListingThatDoesNotAddUpOnceMore) {
  world_.populate(1, [](int) { return 60; });
  bool first = true;
  world_.api.fault = [&](std::size_t, const SeenCall& call) -> Instead {
    if (call.page_token.empty() || !std::exchange(first, false)) return std::nullopt;
    return world_.api.signed_reply(R"({"user_coupon_list":[]})", world_.env.wall_now());
  };
  const OnceReport report = world_.once();
  EXPECT_EQ(report.counters.listings_ok, 1);
  EXPECT_EQ(world_.events.restarts.size(), 1U);
  EXPECT_EQ(world_.api.calls.size(), 4U);
  EXPECT_EQ(mirrored_coupons(path_), listed_coupons(world_.api));
  EXPECT_EQ(query_one(path_, "SELECT failures FROM listing"), "0");
}

TEST_F(ListingReaderTest, FailsAListingThatDoesNotAddUpTwiceAndMarksNothingMissing) {
  world_.populate(1, [](int) { return 60; });
  world_.once();
  world_.api.fault = [this](std::size_t, const SeenCall& call) -> Instead {
    if (!call.page_token.empty()) return std::nullopt;
    return world_.api.signed_reply(R"({"total_count":60,"user_coupon_list":[]})", world_.env.wall_now());
  };
  const std::string completed = query_one(path_, "SELECT last_completed_at FROM listing");
  const OnceReport report = world_.once();
  EXPECT_EQ(report.counters.listings_failed, 1);
  EXPECT_EQ(report.counters.missing, 0);
  EXPECT_EQ(report.counters.pages, 2);
  ASSERT_EQ(world_.events.failures.size(), 1U);
  EXPECT_EQ(world_.events.failures[0].kind, FailureKind::inconsistent_listing);
  EXPECT_EQ(query_one(path_, "SELECT last_error_code FROM listing"), "INCONSISTENT_LISTING");
  EXPECT_EQ(query_one(path_, "SELECT last_completed_at FROM listing"), completed);
  world_.api.fault = nullptr;
  EXPECT_EQ(world_.once().counters.listings_ok, 1);
  EXPECT_EQ(query_one(path_, "SELECT failures FROM listing"), "0");
}

/// Coupons come and go while pages are read, so that rows move between them. What is listed all the time is
/// never taken for missing, and once it is quiet the mirror is equal.
TEST_F(ListingReaderTest, TakesNothingForMissingThatMovedBetweenPages) {
  for (unsigned seed = 1; seed <= static_cast<unsigned>(repetitions(40)); ++seed) {
    const std::filesystem::path path = folder_.path() / ("moving" + std::to_string(seed) + ".db");
    World world(path);
    world.populate(2, [](int) { return 180; });
    std::mt19937 random(seed);
    std::vector<std::string>& codes = world.api.coupons["o0"];
    const std::vector<std::string> original = codes;
    world.once();
    int made = 0;
    world.api.fault = [&](std::size_t, const SeenCall& call) -> Instead {
      if (call.openid != "o0" || random() % 2 == 0) return std::nullopt;
      // Only coupons made here go away again, so whatever of the others is marked was listed.
      const auto extra = std::ranges::find_if(codes, [](const std::string& code) { return code[0] == 'x'; });
      if (extra != codes.end()) codes.erase(extra);
      const auto place = static_cast<std::ptrdiff_t>(random() % (codes.size() + 1));
      codes.insert(codes.begin() + place, "x" + std::to_string(made++));
      return std::nullopt;
    };
    for (int round = 0; round < 5; ++round) {
      world.once();
      ASSERT_EQ(query_one(path,
                          "SELECT count(*) FROM coupon_change JOIN coupon ON coupon.id = coupon_id"
                          " WHERE kind = 'missing' AND coupon_code LIKE 'c%'"),
                "0")
          << "seed " << seed << ", round " << round;
    }
    world.api.fault = nullptr;
    world.once();
    EXPECT_EQ(mirrored_coupons(path), listed_coupons(world.api)) << "seed " << seed;
  }
}

/// Every step of a sync is a place where the service may be told to stop. Whatever the place: it stops, what
/// was committed stays, and the next life reads the rest and no committed page twice.
TEST_F(ListingReaderTest, CanBeCancelledAtEveryStepAndGoesOnAtItsBookmarks) {
  std::uint64_t steps_of_a_whole_run = 0;
  for (std::uint64_t stop_at = 0;; ++stop_at) {
    const std::filesystem::path path = folder_.path() / ("mirror" + std::to_string(stop_at) + ".db");
    std::vector<SeenCall> first_life;
    std::map<std::string, std::int64_t> pages_done;
    bool interrupted = false;
    {
      World world(path);
      world.populate(4, [](int i) { return 40 * i; });
      world.driver.before_step = [&](std::uint64_t n) {
        if (n == stop_at) world.driver.cancel.emit(boost::asio::cancellation_type::terminal);
      };
      try {
        world.once(2);
      } catch (const boost::system::system_error& e) {
        ASSERT_EQ(e.code(), boost::asio::error::operation_aborted);
        interrupted = true;
      }
      EXPECT_EQ(world.api.in_flight, 0U);
      first_life = world.api.calls;
      pages_done = bookmarks(path);
      steps_of_a_whole_run = world.driver.steps;
    }
    if (stop_at < steps_of_a_whole_run && !interrupted) continue;  // cancelled after the last await
    World world(path);
    world.populate(4, [](int i) { return 40 * i; });
    const OnceReport report = world.once(2);
    ASSERT_EQ(report.counters.listings_ok, 4) << "stopped at step " << stop_at;
    ASSERT_EQ(mirrored_coupons(path), listed_coupons(world.api)) << "stopped at step " << stop_at;
    for (const SeenCall& call : world.api.calls) {
      const std::int64_t page = call.page_token.empty() ? 0 : std::stol(call.page_token.substr(3)) / 50;
      ASSERT_GE(page, pages_done[call.openid])
          << "asked again for a committed page, stopped at step " << stop_at;
    }
    if (!interrupted) break;
  }
  EXPECT_GT(steps_of_a_whole_run, 20U);
}

}  // namespace
}  // namespace couponsync::test
