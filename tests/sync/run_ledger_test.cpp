#include "sync/run_ledger.h"

#include "sync/sync_fixture.h"

#include <gtest/gtest.h>

#include <string>

namespace couponsync::test {
namespace {

using namespace std::chrono_literals;

/// The books of listings that others read.
class RunLedgerTest : public SyncTest {
 protected:
  /// A pass over so many listings, all known.
  PassNumber open(RunTrigger trigger, std::size_t listings) {
    ledger_.open(trigger, listings);
    ledger_.expect_no_more();
    return ledger_.newest();
  }
  /// A reading that cost a page.
  void read(RunLedger::Account account, bool is_read = true) {
    ledger_.add(account, {.pages = 1});
    ledger_.reading_ended(account, is_read);
  }
  void pass_time(std::chrono::seconds time) {
    world_.driver.run(world_.env.sleep_until(world_.env.steady_now() + time));
  }
  /// What is in the file when everything is written: "trigger total ok failed pages, open or closed" a row.
  std::string rows() {
    world_.driver.run(write());
    return query_one(
        path_,
        "SELECT group_concat(\"trigger\" || ' ' || listings_total || ' ' || listings_ok || ' ' || "
        "listings_failed || ' ' || pages || iif(finished_at IS NULL, ' open', ' closed'), ', ') "
        "FROM (SELECT * FROM sync_run ORDER BY id)");
  }
  Task<> write() {
    const Result<> written = co_await ledger_.write();
    EXPECT_TRUE(written.has_value());
  }

  World world_{path_};
  RunLedger ledger_{world_.env, *world_.writer, world_.events, 900s, world_.env.context().get_executor()};
};

TEST_F(RunLedgerTest, ClosesAPassWhenEachListingWasReadOrFailed) {
  const PassNumber start = open(RunTrigger::start, 2);
  read({.accounted = 0, .began = start});
  EXPECT_EQ(rows(), "start 2 1 0 1 open");
  read({.accounted = 0, .began = start}, false);
  EXPECT_EQ(rows(), "start 2 1 1 2 closed");
  EXPECT_EQ(world_.events.finished.size(), 1U);
}

TEST_F(RunLedgerTest, TakesAReadingThatBeganBeforeForNoAnswer) {
  const PassNumber start = open(RunTrigger::start, 1);
  read({.accounted = 0, .began = start});
  const PassNumber sighup = open(RunTrigger::sighup, 1);
  read({.accounted = start, .began = start});  // under way when it was asked for
  EXPECT_EQ(rows(), "start 1 1 0 1 closed, sighup 1 0 0 0 open, interval 1 1 0 1 open");
  read({.accounted = start, .began = sighup});
  EXPECT_EQ(rows(), "start 1 1 0 1 closed, sighup 1 1 0 1 closed, interval 1 1 0 1 open");
}

TEST_F(RunLedgerTest, CountsAReadingForAllPassesItAnswersAndItsCostForOne) {
  open(RunTrigger::start, 1);
  const PassNumber sighup = open(RunTrigger::sighup, 1);
  read({.accounted = 0, .began = sighup});
  EXPECT_EQ(rows(), "start 1 1 0 1 closed, sighup 1 1 0 0 closed");
}

TEST_F(RunLedgerTest, CountsAReadingForAPassOnlyOnce) {
  const PassNumber start = open(RunTrigger::start, 2);
  read({.accounted = 0, .began = start});
  read({.accounted = start, .began = start});  // the same listing, an interval later
  EXPECT_EQ(rows(), "start 2 1 0 1 open, interval 1 1 0 1 open");
}

TEST_F(RunLedgerTest, WaitsForNobodyWhoIsWatchedNoMore) {
  const PassNumber start = open(RunTrigger::start, 2);
  read({.accounted = 0, .began = start});
  ledger_.left(0);
  EXPECT_EQ(rows(), "start 1 1 0 1 closed");
}

TEST_F(RunLedgerTest, IsNotConfusedByWhoLeavesAfterItWasRead) {
  const PassNumber start = open(RunTrigger::start, 2);
  read({.accounted = 0, .began = start});
  ledger_.left(start);
  EXPECT_EQ(rows(), "start 2 1 0 1 open");
}

TEST_F(RunLedgerTest, ClosesAPassOverNothingAtOnce) {
  open(RunTrigger::start, 0);
  EXPECT_EQ(rows(), "start 0 0 0 0 closed");
}

TEST_F(RunLedgerTest, WaitsForThoseThatAreStillBeingTakenOver) {
  ledger_.open(RunTrigger::start, 0);
  ledger_.expect(1);
  EXPECT_EQ(ledger_.accounted_for_new(), ledger_.newest() - 1) << "it counts for the pass that expects it";
  read({.accounted = ledger_.accounted_for_new(), .began = ledger_.newest()});
  EXPECT_EQ(rows(), "start 1 1 0 1 open") << "there may be more";
  ledger_.expect_already_read(3);
  ledger_.expect_no_more();
  EXPECT_EQ(rows(), "start 4 4 0 1 closed");
  EXPECT_EQ(ledger_.accounted_for_new(), ledger_.newest()) << "who comes later counts for no pass";
}

TEST_F(RunLedgerTest, LetsAPassThatNobodyWasReadForYetGoOnAsTheNext) {
  open(RunTrigger::sighup, 2);
  open(RunTrigger::sighup, 3);
  EXPECT_EQ(rows(), "sighup 3 0 0 0 open");
}

TEST_F(RunLedgerTest, KeepsNoMoreThanTwoPassesOfOneReasonOpen) {
  for (int i = 0; i < 50; ++i) {
    const PassNumber sighup = open(RunTrigger::sighup, 2);
    read({.accounted = sighup - 1, .began = sighup});
  }
  EXPECT_EQ(query_one(path_, "SELECT count(*) FROM sync_run"), "0") << "nothing is written yet";
  EXPECT_EQ(rows().find("open, sighup") == std::string::npos, false);
  EXPECT_EQ(query_one(path_, "SELECT count(*) FROM sync_run"), "2");
}

TEST_F(RunLedgerTest, GivesAnIntervalARowOfItsOwn) {
  read({});
  pass_time(600s);
  read({});
  EXPECT_EQ(rows(), "interval 2 2 0 2 open");
  pass_time(300s);
  read({});
  EXPECT_EQ(rows(), "interval 2 2 0 2 closed, interval 1 1 0 1 open");
}

TEST_F(RunLedgerTest, LeavesAPassOpenThatWasInterruptedAndClosesTheInterval) {
  const PassNumber start = open(RunTrigger::start, 2);
  read({.accounted = 0, .began = start});
  read({.accounted = start, .began = start});
  ledger_.close(true);
  EXPECT_EQ(rows(), "start 2 1 0 1 open, interval 1 1 0 1 closed");
  EXPECT_EQ(world_.events.interrupted_runs, 1);
}

TEST_F(RunLedgerTest, CountsAsFailedWhatAPassLacksWhenItIsClosed) {
  const PassNumber once = open(RunTrigger::once, 3);
  read({.accounted = 0, .began = once});
  ledger_.close(false);
  EXPECT_EQ(rows(), "once 3 1 2 1 closed");
}

}  // namespace
}  // namespace couponsync::test
