#include "sync/take_over.h"

#include "sync/scheduler_fixture.h"

#include <filesystem>

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
  Plan plan(int from, int count) { return {world_->make_syncer(), watchlist(from, count)}; }
  void run_until_watched(std::size_t count) {
    world_->driver.run_until([&] { return scheduler_->watched() == count; });
  }
  std::string watched() const { return query("SELECT count(*) FROM listing WHERE watched = 1"); }
};

TEST_F(TakeOverTest, OfManyReloadsIsToTheEndForTheNewestAlone) {
  world_->api.latency = minutes(10);  // no run ends meanwhile
  start(1);
  run_for(seconds(1));
  for (int i = 1; i <= 20; ++i) scheduler_->reload(plan(i, kMany));
  const std::uint64_t before = jobs();
  world_->api.latency = std::chrono::milliseconds(1);
  run_until_watched(kMany);
  EXPECT_LE(jobs() - before, 10U + 10U) << "ten parts, once, and the run's own";
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
  EXPECT_LE(jobs() - before, 10U) << "not all ten parts";
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
  EXPECT_LE(jobs() - before, 5U);
  EXPECT_EQ(query("SELECT watched FROM listing WHERE openid = 'o0'"), "1");
  restart();
  run_for(minutes(1));
  EXPECT_EQ(watched(), "1") << "the next start makes it right";
}

TEST_F(TakeOverTest, AtTheStartDoesNotHoldUpAStopEither) {
  scheduler_ = std::make_unique<Scheduler>(world_->env, *world_->writer, world_->events, plan(0, kMany),
                                           world_->env.context().get_executor());
  boost::asio::co_spawn(
      world_->env.context(), scheduler_->run(),
      boost::asio::bind_cancellation_slot(cancel_.slot(), [this](const std::exception_ptr&, const Failure&) {
        ended_ = true;
        end_ = boost::asio::error::operation_aborted;
      }));
  world_->driver.run_until([&] { return jobs() >= 2; });
  stop();
  EXPECT_LE(jobs(), 4U);
}

TEST_F(TakeOverTest, GivesTheListingsInTheOrderOfTheWatchlist) {
  const std::vector<ListingKey> keys = watchlist(0, 25'000);
  const std::function<bool()> abandon = [] { return false; };
  auto taken = world_->driver.run(take_over(*world_->writer, keys, abandon));
  ASSERT_TRUE(taken.has_value());
  ASSERT_TRUE(taken->has_value());
  ASSERT_EQ((*taken)->size(), keys.size());
  for (std::size_t i = 0; i < keys.size(); ++i) ASSERT_EQ((**taken)[i].key, keys[i]);
}

}  // namespace
}  // namespace couponsync::test
