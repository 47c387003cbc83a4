#include "sync/hints.h"

#include "sync/scheduler_fixture.h"

#include <algorithm>

namespace couponsync::test {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

/// The service at a call a second, which is never through.
class HintsTest : public SchedulerTest {
 protected:
  void start_slow(int users) {
    be_slow();
    world_->interval = minutes(1);
    start(users);
  }
  void be_slow() {
    world_.reset();  // a mirror has one writer
    world_ = std::make_unique<World>(path_, RateOptions{1, 1, 1.0});
  }
  bool hint(const std::string& openid, const std::string& appid = "wxapp") {
    return scheduler_->hint(appid, Openid(openid), HintSource::request);
  }
  /// Calls for the user since the last look.
  std::size_t calls_for(const std::string& openid) {
    const auto& calls = world_->api.calls;
    const auto from = calls.begin() + static_cast<std::ptrdiff_t>(seen_);
    seen_ = calls.size();
    return static_cast<std::size_t>(
        std::count_if(from, calls.end(), [&](const SeenCall& call) { return call.openid == openid; }));
  }
};

TEST_F(HintsTest, HaveAUserReadNextThoughAllOthersWait) {
  start_slow(200);
  run_for(minutes(5));
  for (const char* openid : {"o150", "o3", "o77"}) {
    calls_for(openid);
    ASSERT_TRUE(hint(openid));
    // Before it go the call that has the turn, and one more for each of those who were hinted before.
    run_for(seconds(4));
    EXPECT_GE(calls_for(openid), 1U) << openid;
  }
}

TEST_F(HintsTest, HaveAUserReadNextThoughEveryWorkerIsDeepInALongListing) {
  be_slow();
  world_->populate(40, [](int i) { return i < 20 ? 5'000 : 1; });
  start(world_->plan(4));
  run_for(minutes(2));
  ASSERT_EQ(calls_for("o9"), 0U) << "it waits behind the long ones";
  ASSERT_TRUE(hint("o9"));
  ASSERT_TRUE(hint("o39"));
  run_for(seconds(4));
  EXPECT_EQ(calls_for("o39"), 1U);
}

TEST_F(HintsTest, LookTwiceMoreWhereNothingWasFound) {
  start(3);
  run_for(minutes(1));
  calls_for("o1");
  ASSERT_TRUE(hint("o1"));
  run_for(seconds(1));
  EXPECT_EQ(calls_for("o1"), 1U);
  run_for(seconds(5));
  EXPECT_EQ(calls_for("o1"), 1U);
  run_for(seconds(61));
  EXPECT_EQ(calls_for("o1"), 1U);
  run_for(minutes(5));
  EXPECT_EQ(calls_for("o1"), 0U);
}

TEST_F(HintsTest, LookOnceMoreWhereSomethingWasFound) {
  start(3);
  run_for(minutes(1));
  world_->api.coupons["o1"].push_back("new");
  calls_for("o1");
  ASSERT_TRUE(hint("o1"));
  run_for(seconds(1));
  EXPECT_EQ(calls_for("o1"), 1U);
  EXPECT_EQ(query("SELECT count(*) FROM coupon WHERE coupon_code = 'new'"), "1");
  run_for(seconds(21));
  EXPECT_EQ(calls_for("o1"), 1U);
  run_for(minutes(5));
  EXPECT_EQ(calls_for("o1"), 0U);
}

TEST_F(HintsTest, FindAChangeThatTheApiShowsLater) {
  start(3);
  run_for(minutes(1));
  ASSERT_TRUE(hint("o1"));
  run_for(seconds(2));
  world_->api.coupons["o1"].push_back("late");
  run_for(seconds(4));
  EXPECT_EQ(query("SELECT count(*) FROM coupon WHERE coupon_code = 'late'"), "1");
}

TEST_F(HintsTest, KnowAUserByTheOpenidAloneOrWithItsAppid) {
  start(3);
  run_for(minutes(1));
  EXPECT_TRUE(hint("o1"));
  EXPECT_TRUE(hint("o1", ""));
  EXPECT_FALSE(hint("o1", "wxother"));
  EXPECT_FALSE(hint("o3"));
  EXPECT_FALSE(hint(""));
}

TEST_F(HintsTest, AreKeptForAUserWhoIsBeingTakenOver) {
  world_->populate(3, [](int) { return 1; });
  start();
  ASSERT_TRUE(hint("o2")) << "the mirror does not know that user yet";
  run_for(seconds(2));
  EXPECT_GE(calls_for("o2"), 1U);
  run_for(seconds(20));
  EXPECT_EQ(calls_for("o2"), 1U) << "it is looked at again";
}

TEST_F(HintsTest, OfAUserWhoLeavesTheWatchlistAreForgotten) {
  start(3);
  run_for(minutes(1));
  ASSERT_TRUE(hint("o1"));
  run_for(seconds(1));
  std::vector<ListingKey> watchlist = world_->watchlist();
  std::erase_if(watchlist, [](const ListingKey& key) { return key.openid.reveal() == "o1"; });
  scheduler_->reload(world_->plan_for(watchlist));
  EXPECT_FALSE(hint("o1"));
  calls_for("o1");
  run_for(minutes(3));
  EXPECT_EQ(calls_for("o1"), 0U);
}

TEST_F(HintsTest, AsManyAsComeCostAUserOneReadingAtATime) {
  start_slow(50);
  run_for(minutes(2));
  calls_for("o1");
  for (int i = 0; i < 1'000; ++i) ASSERT_TRUE(hint("o1"));
  run_for(seconds(4));
  const std::size_t calls = calls_for("o1");
  EXPECT_GE(calls, 1U);
  EXPECT_LE(calls, 2U);
}

TEST(LookWorth, ShowsItselfByWhatWasFound) {
  LookWorth pays;
  LookWorth does_not;
  for (int i = 0; i < 100; ++i) {
    if (pays.is_due()) pays.made(i % 10 == 0);
    if (i < 50) {
      EXPECT_TRUE(does_not.is_due());
      does_not.made(false);
    }
  }
  int made = 0;
  for (int i = 0; i < 100; ++i) {
    EXPECT_TRUE(pays.is_due());
    if (does_not.is_due()) ++made;
  }
  EXPECT_EQ(made, 5) << "a few go on telling";
}

}  // namespace
}  // namespace couponsync::test
