#include "sync/scheduler_fixture.h"

#include <algorithm>
#include <span>

namespace couponsync::test {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

constexpr int kMany = 100'000;

/// Watchlists of 100,000 listings, ten parts each; what was done is counted, not timed.
class TakeOverTest : public SchedulerTest {
 protected:
  static std::vector<ListingKey> watchlist(int from, int count) {
    std::vector<ListingKey> keys;
    for (int i = from; i < from + count; ++i)
      keys.push_back({"wxapp", Openid("o" + std::to_string(i)), "", "", ""});
    return keys;
  }
  /// Commits of the database thread so far.
  std::uint64_t jobs() const { return world_->writer->progress().completed; }
  Plan plan(int from, int count) { return world_->plan_for(watchlist(from, count)); }
  void run_until_watched(std::size_t count) {
    world_->driver.run_until([&] { return scheduler_->census().watched() == count; });
  }
  std::string watched() const { return query("SELECT count(*) FROM listing WHERE watched = 1"); }
};

TEST_F(TakeOverTest, OfManyReloadsIsToTheEndForTheNewestAlone) {
  start(1);
  run_for(seconds(1));
  world_->api.latency = minutes(10);
  for (int i = 1; i <= 20; ++i) scheduler_->reload(plan(i, kMany));
  const std::uint64_t before = jobs();
  run_until_watched(kMany);
  EXPECT_LE(jobs() - before, 10U + 10U) << "ten parts, once, and what is due and the books besides";
  EXPECT_EQ(query("SELECT min(rowid) FROM listing WHERE watched = 1 AND openid = 'o20'"),
            query("SELECT rowid FROM listing WHERE openid = 'o20'"));
  EXPECT_EQ(watched(), std::to_string(kMany));
}

TEST_F(TakeOverTest, ThatIsUnderWayIsAbandonedForANewerOne) {
  start(1);
  run_for(seconds(1));
  scheduler_->reload(plan(0, kMany));
  const std::uint64_t before = jobs();
  world_->driver.run_until([&] { return jobs() >= before + 3; });
  scheduler_->reload(plan(kMany, 5));
  run_until_watched(5);
  EXPECT_LE(jobs() - before, 14U) << "not all ten parts, twice";
  EXPECT_EQ(watched(), "5") << "what was taken over of the older one is not watched";
}

TEST_F(TakeOverTest, DoesNotHoldUpAStop) {
  start(1);
  run_for(seconds(1));
  scheduler_->reload(plan(0, kMany));
  scheduler_->reload(plan(0, kMany));
  const std::uint64_t before = jobs();
  world_->driver.run_until([&] { return jobs() >= before + 2; });
  stop();
  EXPECT_LE(jobs() - before, 9U) << "a part that is under way, and the books";
  EXPECT_EQ(query("SELECT watched FROM listing WHERE openid = 'o0'"), "1");
  restart();
  run_for(minutes(1));
  EXPECT_EQ(watched(), "1") << "the next start makes it right";
}

TEST_F(TakeOverTest, AtTheStartDoesNotHoldUpAStopEither) {
  start(plan(0, kMany));
  world_->driver.run_until([&] { return jobs() >= 2; });
  stop();
  EXPECT_LE(jobs(), 9U);
}

TEST_F(TakeOverTest, HoldsUpNoReading) {
  start(plan(0, kMany));
  world_->driver.run_until([&] { return !world_->api.calls.empty(); });
  EXPECT_LE(scheduler_->census().watched(), 20'000U) << "the first part is read while the next is taken over";
  EXPECT_FALSE(scheduler_->is_adopted());
  world_->driver.run_until([&] { return scheduler_->is_adopted(); });
  EXPECT_EQ(watched(), std::to_string(kMany));
}

TEST_F(TakeOverTest, AsksForOneThatIsAddedAtOnceAndForOneThatIsRemovedNoMore) {
  world_->rate = RateController({400, 400, 1.0}, world_->env.steady_now());
  start(plan(0, 20'000));
  run_for(seconds(5));
  scheduler_->reload(plan(10, 20'000));
  const std::size_t before = world_->api.calls.size();
  run_for(seconds(3));
  const std::span<const SeenCall> since = std::span(world_->api.calls).subspan(before);
  EXPECT_GE(since.size(), 400U) << "the others go on";
  const auto asked_for = [&](int user) {
    return std::ranges::count(since, "o" + std::to_string(user), &SeenCall::openid);
  };
  EXPECT_EQ(scheduler_->census().watched(), 20'000U);
  EXPECT_TRUE(scheduler_->is_adopted());
  for (int user = 0; user < 10; ++user) EXPECT_EQ(asked_for(user), 0) << user;
  for (int user = 20'000; user < 20'010; ++user) EXPECT_EQ(asked_for(user), 1) << user;
}

}  // namespace
}  // namespace couponsync::test
