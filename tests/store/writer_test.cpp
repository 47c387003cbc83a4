#include "store/file_faults.h"
#include "store/mirror_fixture.h"
#include "store/writer_fixture.h"

#include <SQLiteCpp/Database.h>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <chrono>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <thread>

namespace couponsync {
namespace {

Task<> apply_then_pause(Writer& writer, PageCommit commit, Report& report) {
  auto applying = writer.apply_page(std::move(commit));
  report.outcome = co_await std::move(applying);
  auto pause = asio::post(asio::use_awaitable);
  co_await std::move(pause);
  report.finished = true;
}

/// Another program that holds the write lock, so that jobs gather behind the first transaction.
class Blocker {
 public:
  explicit Blocker(const std::filesystem::path& path)
      : database_(path.string(), SQLite::OPEN_READWRITE, 5'000) {
    database_.exec("BEGIN IMMEDIATE");
  }
  void release() { database_.exec("ROLLBACK"); }

 private:
  SQLite::Database database_;
};

TEST_F(WriterTest, GivesEachOutcomeAfterItsCommit) {
  start();
  const Report& report = spawn(commit_of(ids[0], "a"));
  run();
  ASSERT_TRUE(report.outcome && report.outcome->has_value());
  EXPECT_EQ(report.outcome->value().inserted, 1);
  EXPECT_EQ(report.outcome->value().ending, Ending::complete);
  EXPECT_EQ(coupons(), "a");
  // The job stays pending until its completion was posted, which may be a moment after it ran.
  while (writer->pending() > 0) std::this_thread::yield();
}

Task<> do_everything(Writer& writer, std::vector<std::string>& trace) {
  std::vector<ListingKey> keys{user("openid-1")};
  auto watching = writer.watch(std::move(keys));
  auto states = co_await std::move(watching);
  trace.push_back("listings " + std::to_string(states.value().size()));
  auto starting = writer.start_run(RunTrigger::once, 7);
  auto run = co_await std::move(starting);
  trace.push_back("run " + std::to_string(run.value()));
  auto asking = writer.interrupted_once();
  auto interrupted = co_await std::move(asking);
  trace.push_back("interrupted " + std::to_string(interrupted.value()->started_at));
  auto finishing = writer.finish_run(run.value(), RunCounters{}, 9);
  auto finished = co_await std::move(finishing);
  trace.push_back(finished.has_value() ? "finished" : "not finished");
  ListingFailure failure{.listing = states.value().front().id, .code = "X", .message = {}, .request_id = {}};
  auto recording = writer.record_failure(std::move(failure));
  auto recorded = co_await std::move(recording);
  trace.push_back(recorded.has_value() ? "recorded" : "not recorded");
  auto dropping = writer.drop_bookmark(states.value().front().id);
  auto dropped = co_await std::move(dropping);
  trace.push_back(dropped.has_value() ? "dropped" : "not dropped");
}

TEST_F(WriterTest, DoesWhatTheMirrorDoes) {
  start();
  std::vector<std::string> trace;
  asio::co_spawn(io, do_everything(*writer, trace), [](std::exception_ptr thrown) {
    if (thrown) std::rethrow_exception(thrown);
  });
  run();
  EXPECT_THAT(
      trace, testing::ElementsAre("listings 1", "run 1", "interrupted 7", "finished", "recorded", "dropped"));
  EXPECT_EQ(value(path, "SELECT failures, last_error_code FROM listing WHERE failures > 0"), "1|X");
}

TEST_F(WriterTest, CommitsSeveralPagesAtOnce) {
  start();
  Blocker blocker(path);
  for (int i = 0; i < 60; ++i) spawn(commit_of(ids[0], std::to_string(i)));
  io.poll();
  EXPECT_EQ(writer->pending(), 60U);
  const FileFault syncs = FileFault::none(FileFault::Call::sync);
  blocker.release();
  run();
  for (const auto& report : reports) EXPECT_TRUE(report->outcome && report->outcome->has_value());
  EXPECT_EQ(value(path, "SELECT count(*) FROM coupon"), "60");
  EXPECT_LT(syncs.calls(), 10);
}

TEST_F(WriterTest, TellsItsProgressWhateverComesOfTheJobs) {
  start();
  EXPECT_EQ(writer->progress().completed, 0U);
  {
    Blocker blocker(path);
    spawn(commit_of(ids[0], "a"));
    spawn(commit_of(4'711, "lost"));
    io.poll();
    EXPECT_EQ(writer->progress().pending, 2U);
    EXPECT_EQ(writer->progress().completed, 0U);
    blocker.release();
  }
  run();
  while (writer->progress().pending > 0) std::this_thread::yield();
  EXPECT_EQ(writer->progress().completed, 2U);
}

TEST_F(WriterTest, WaitsLongForAnotherProgramsLockAndTellsIt) {
  start();
  Blocker blocker(path);
  const Report& report = spawn(commit_of(ids[0], "a"));
  io.poll();
  // Longer than any wait for a lock that is not the Writer's.
  while (writer->progress().lock_wait < std::chrono::milliseconds(5'100)) std::this_thread::yield();
  blocker.release();
  run();
  EXPECT_TRUE(report.outcome && report.outcome->has_value());
  while (writer->progress().lock_wait.count() > 0) std::this_thread::yield();
}

TEST_F(WriterTest, GivesAnotherProgramsLockUpWhenItIsToHurry) {
  start();
  spawn(commit_of(ids[0], "a"));
  run();
  Blocker blocker(path);
  const auto began = std::chrono::steady_clock::now();
  for (const char* code : {"b", "c"}) spawn(commit_of(ids[0], code));
  io.restart();
  io.poll();
  while (writer->progress().lock_wait.count() == 0) std::this_thread::yield();
  writer->hurry();
  run();
  writer->close();
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(4));
  EXPECT_EQ(reports[1]->outcome.value().error().kind, FailureKind::mirror_unwritable);
  blocker.release();
  EXPECT_EQ(coupons(), "a");
}

TEST_F(WriterTest, FailsItsJobsWhereTheLockIsHeldForTooLong) {
  start({.lock_patience = std::chrono::milliseconds(20)});
  Blocker blocker(path);
  const Report& report = spawn(commit_of(ids[0], "a"));
  run();
  EXPECT_EQ(report.outcome.value().error().kind, FailureKind::mirror_unwritable);
}

TEST_F(WriterTest, CommitsNoMoreAtOnceThanItIsTold) {
  start({.max_jobs_per_transaction = 2});
  Blocker blocker(path);
  for (int i = 0; i < 20; ++i) spawn(commit_of(ids[0], std::to_string(i)));
  io.poll();
  const FileFault syncs = FileFault::none(FileFault::Call::sync);
  blocker.release();
  run();
  EXPECT_GE(syncs.calls(), 10);
}

TEST_F(WriterTest, RunsJobsInTheirOrder) {
  start();
  Blocker blocker(path);
  for (const char* code : {"a", "b", "c", "d"}) spawn(commit_of(ids[0], code));
  io.poll();
  blocker.release();
  run();
  EXPECT_EQ(value(path, "SELECT group_concat(coupon_code, ' ') FROM (SELECT * FROM coupon ORDER BY id)"),
            "a b c d");
}

TEST_F(WriterTest, FailsOneJobAloneAndTellsItWhy) {
  start();
  Blocker blocker(path);
  const Report& first = spawn(commit_of(ids[0], "a"));
  const Report& second = spawn(commit_of(ids[0], "b"));
  const Report& wrong = spawn(commit_of(4'711, "lost"));
  const Report& last = spawn(commit_of(ids[1], "c"));
  io.poll();
  blocker.release();
  run();
  EXPECT_TRUE(first.finished && second.finished && last.finished);
  EXPECT_FALSE(wrong.outcome);
  ASSERT_TRUE(wrong.thrown);
  EXPECT_THROW(std::rethrow_exception(wrong.thrown), std::logic_error);
  EXPECT_EQ(coupons(), "a b c");
}

TEST_F(WriterTest, FailsAllJobsOfACommitThatFailsAndGoesOnOnceThereIsRoom) {
  start();
  Blocker blocker(path);
  for (const char* code : {"a", "b", "c"}) spawn(commit_of(ids[0], code));
  io.poll();
  {
    const FileFault full = FileFault::from_now_on(FileFault::Call::write, ENOSPC);
    blocker.release();
    run();
  }
  for (const auto& report : reports) {
    ASSERT_TRUE(report->outcome && report->outcome->has_error());
    EXPECT_EQ(report->outcome->error().kind, FailureKind::mirror_unwritable);
    EXPECT_THAT(report->outcome->error().detail,
                testing::AllOf(testing::HasSubstr(path.string()), testing::HasSubstr("make room")));
  }
  EXPECT_EQ(value(path, "SELECT count(*) FROM coupon"), "0");
  const Report& again = spawn(commit_of(ids[0], "a"));
  run();
  EXPECT_TRUE(again.outcome && again.outcome->has_value());
  EXPECT_EQ(coupons(), "a");
}

TEST_F(WriterTest, FailsAllJobsOfATransactionThatTheDiskEndedInTheMiddle) {
  start();
  const auto large = [&](const std::string& name) {
    PageCommit commit{.listing = ids[0], .page = {}};
    for (int i = 0; i < 200; ++i)
      commit.page.coupons.push_back(
          coupon({.code = name + "-" + std::to_string(i), .attach = std::string(20'000, 'x')}));
    return commit;
  };
  Blocker blocker(path);
  spawn(commit_of(ids[1], "small"));
  spawn(commit_of(ids[1], "small too"));
  // More than SQLite's page cache: it is written before the commit.
  spawn(large("a"));
  spawn(large("b"));
  io.poll();
  {
    const FileFault full = FileFault::from_now_on(FileFault::Call::write, ENOSPC);
    blocker.release();
    run();
  }
  for (const auto& report : reports) {
    ASSERT_TRUE(report->outcome && report->outcome->has_error());
    EXPECT_EQ(report->outcome->error().kind, FailureKind::mirror_unwritable);
  }
  EXPECT_EQ(value(path, "SELECT count(*) FROM coupon"), "0");
  const Report& again = spawn(large("a"));
  run();
  EXPECT_TRUE(again.outcome && again.outcome->has_value());
  EXPECT_EQ(value(path, "SELECT count(*) FROM coupon"), "200");
}

TEST_F(WriterTest, TellsADamagedMirrorFromAFullDisk) {
  {
    const Mirror mirror = Mirror::open({.path = path});
  }
  const std::streamoff page =
      std::stoll(value(path, "SELECT rootpage FROM sqlite_schema WHERE name = 'coupon'"));
  execute(path, "PRAGMA wal_checkpoint(TRUNCATE)");
  std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
  file.seekp((page - 1) * 4'096);
  file << std::string(4'096, '\x5a');
  file.close();
  start();
  const Report& report = spawn(commit_of(ids[0], "a"));
  run();
  ASSERT_TRUE(report.outcome && report.outcome->has_error());
  EXPECT_EQ(report.outcome->error().kind, FailureKind::mirror_damaged);
}

TEST_F(WriterTest, StoresThePageOfACancelledCoroutineAndTellsItsOutcome) {
  start();
  asio::cancellation_signal signal;
  Report report;
  Blocker blocker(path);
  asio::co_spawn(io, apply_then_pause(*writer, commit_of(ids[0], "a"), report),
                 asio::bind_cancellation_slot(
                     signal.slot(), [&report](std::exception_ptr thrown) { report.thrown = thrown; }));
  io.poll();
  signal.emit(asio::cancellation_type::terminal);
  io.restart();
  io.poll();
  EXPECT_FALSE(report.outcome);
  blocker.release();
  run();
  ASSERT_TRUE(report.outcome && report.outcome->has_value());
  EXPECT_EQ(coupons(), "a");
  // Its next step ends it.
  EXPECT_FALSE(report.finished);
  ASSERT_TRUE(report.thrown);
  EXPECT_THROW(std::rethrow_exception(report.thrown), boost::system::system_error);
}

TEST_F(WriterTest, StoresWhatIsQueuedWhenItEnds) {
  start();
  Blocker blocker(path);
  for (const char* code : {"a", "b", "c"}) spawn(commit_of(ids[0], code));
  io.poll();
  blocker.release();
  writer.reset();
  EXPECT_EQ(coupons(), "a b c");
  run();
  for (const auto& report : reports) EXPECT_TRUE(report->finished);
  const Mirror mirror = Mirror::open({.path = path});
}

}  // namespace
}  // namespace couponsync
