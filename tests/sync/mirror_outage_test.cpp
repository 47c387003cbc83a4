#include "store/file_faults.h"
#include "sync/scheduler_fixture.h"

#include <SQLiteCpp/Database.h>

#include <cerrno>

namespace couponsync::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

/// The service, whose mirror takes no rows for a while.
class MirrorOutage : public SchedulerTest {
 protected:
  /// No other program's lock is waited for.
  MirrorOutage() {
    world_->writer.reset();
    WriterOptions options;
    options.lock_patience = milliseconds(0);
    world_->writer = std::make_unique<Writer>(Mirror::open({path_, Durability::normal}), options);
    world_->driver.watch(*world_->writer);
  }

  void fill_disk() { full_.reset(new FileFault(FileFault::from_now_on(FileFault::Call::write, ENOSPC))); }
  void make_room() { full_.reset(); }
  void lock() {
    other_ = std::make_unique<SQLite::Database>(path_.string(), SQLite::OPEN_READWRITE, 5'000);
    other_->exec("BEGIN IMMEDIATE");
  }
  void unlock() { other_.reset(); }
  std::size_t stops() const { return world_->events.stop_reasons.size(); }
  std::string read_since(const char* when) const {
    return query(std::string("SELECT count(*) FROM listing WHERE last_completed_at >= ") + when);
  }

  std::unique_ptr<FileFault> full_;
  std::unique_ptr<SQLite::Database> other_;
};

TEST_F(MirrorOutage, IsOverForAllWithTheFirstPageThatIsWritten) {
  world_->populate(21, [](int user) { return user == 0 ? 30'000 : 1; });
  start();
  run_for(seconds(20));  // the others are read, and some hundred pages of the first one
  fill_disk();
  run_for(seconds(2));
  ASSERT_EQ(stops(), 1U);
  make_room();
  world_->populate(21, [](int user) { return user == 0 ? 30'000 : 2; });
  scheduler_->sync_all();
  run_for(seconds(35));
  EXPECT_EQ(query("SELECT count(*) FROM coupon WHERE openid <> 'o0'"), "40")
      << "while who tried has 400 pages to read";
}

TEST_F(MirrorOutage, IsTriedOnceForAllWhoLookedForWorkMeanwhile) {
  start(100);
  run_for(seconds(20));
  lock();
  world_->populate(100, [](int) { return 2; });
  scheduler_->sync_all();
  run_for(seconds(5));
  unlock();
  run_for(seconds(40));
  EXPECT_EQ(query("SELECT count(*) FROM coupon"), "200");
  EXPECT_LE(stops(), 2U);
}

TEST_F(MirrorOutage, KeepsNoWatchlistWaitingOnceItIsOver) {
  start(10);
  run_for(seconds(20));
  lock();
  world_->populate(20, [](int) { return 1; });
  scheduler_->reload(world_->plan());
  run_for(seconds(1));
  unlock();
  scheduler_->sync_all();
  run_for(seconds(3));
  EXPECT_EQ(query("SELECT count(*) FROM coupon"), "20") << "a request tries again at once";
}

}  // namespace
}  // namespace couponsync::test
