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
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <thread>

namespace couponsync {
namespace {

TEST_F(WriterTest, LeavesAShortLogWhenItEnds) {
  start();
  for (int i = 0; i < 200; ++i) {
    PageCommit commit{.listing = ids[0], .page = {}};
    for (int k = 0; k < 20; ++k)
      commit.page.coupons.push_back(
          coupon({.code = std::to_string(20 * i + k), .attach = std::string(10'000, 'x')}));
    spawn(std::move(commit));
  }
  run();
  writer.reset();
  EXPECT_EQ(value(path, "SELECT count(*) FROM coupon"), "4000");
  EXPECT_LT(std::filesystem::file_size(path.string() + "-wal"), 32U << 20U);
}

TEST_F(WriterTest, LeavesAnEmptyLogWhenItIsClosed) {
  start();
  spawn(commit_of(ids[0], "a"));
  run();
  EXPECT_EQ(writer->close(), 0U);
  EXPECT_EQ(std::filesystem::file_size(path.string() + "-wal"), 0U);
  EXPECT_FALSE(writer->lost());
  EXPECT_EQ(coupons(), "a");
  EXPECT_EQ(writer->close(), 0U) << "twice is as once";
}

TEST_F(WriterTest, TellsWhatIsLeftInTheLogWhenItIsClosed) {
  start();
  SQLite::Database reader(path.string(), SQLite::OPEN_READONLY, 5'000);
  reader.exec("BEGIN; SELECT count(*) FROM coupon");
  spawn(commit_of(ids[0], "a"));
  run();
  EXPECT_GT(writer->close(), 0U);
}

TEST_F(WriterTest, NoticesWhileThereIsNothingToDoThatTheMirrorIsGone) {
  start({.look_every = std::chrono::milliseconds(1)});
  std::filesystem::rename(path, path.string() + ".away");
  while (!writer->lost()) std::this_thread::yield();
  EXPECT_EQ(writer->lost()->kind, FailureKind::mirror_gone);
  EXPECT_THAT(writer->lost()->detail, testing::HasSubstr("moved away"));
}

TEST_F(WriterTest, FailsEveryJobOfAMirrorThatIsGoneEvenIfItComesBack) {
  start();
  std::filesystem::rename(path, path.string() + ".away");
  const Report& first = spawn(commit_of(ids[0], "a"));
  run();
  std::filesystem::rename(path.string() + ".away", path);
  const Report& second = spawn(commit_of(ids[0], "b"));
  run();
  for (const Report* report : {&first, &second}) {
    ASSERT_TRUE(report->outcome && report->outcome->has_error());
    EXPECT_EQ(report->outcome->error().kind, FailureKind::mirror_gone);
  }
  EXPECT_TRUE(writer->lost());
  EXPECT_EQ(value(path, "SELECT count(*) FROM coupon"), "0");
}

TEST_F(WriterTest, NoticesAtItsEndThatTheMirrorIsGone) {
  start({.look_every = std::chrono::hours(1)});
  std::filesystem::remove(path.string() + "-wal");
  writer->close();
  ASSERT_TRUE(writer->lost());
  EXPECT_EQ(writer->lost()->kind, FailureKind::mirror_gone);
}

TEST_F(WriterTest, TriesACheckpointThatFailedAgainWhileThereIsNothingToDo) {
  start({.look_every = std::chrono::milliseconds(1), .checkpoint_again_after = std::chrono::milliseconds(1)});
  {
    const FileFault broken = FileFault::from_now_on(FileFault::Call::checkpoint_write, EIO);
    spawn(commit_of(ids[0], "a"));
    run();
    while (!writer->checkpoint_failure()) std::this_thread::yield();
  }
  while (writer->checkpoint_failure()) std::this_thread::yield();
  EXPECT_FALSE(writer->lost());
}

TEST_F(WriterTest, TellsThatACheckpointFailedAndLosesNothingByIt) {
  start();
  const auto write_so_much_that_a_checkpoint_is_due = [&] {
    PageCommit commit{.listing = ids[0], .page = {}};
    const std::string run_name = std::to_string(reports.size());
    for (int i = 0; i < 900; ++i)
      commit.page.coupons.push_back(
          coupon({.code = run_name + "-" + std::to_string(i), .attach = std::string(20'000, 'x')}));
    spawn(std::move(commit));
    run();
    // Its job comes after the checkpoint.
    spawn(commit_of(ids[1], run_name));
    run();
  };
  {
    const FileFault broken = FileFault::from_now_on(FileFault::Call::checkpoint_write, EIO);
    write_so_much_that_a_checkpoint_is_due();
    const std::optional<Failure> failure = writer->checkpoint_failure();
    ASSERT_TRUE(failure);
    EXPECT_EQ(failure->kind, FailureKind::mirror_unwritable);
  }
  write_so_much_that_a_checkpoint_is_due();
  EXPECT_FALSE(writer->checkpoint_failure());
  for (const auto& report : reports) EXPECT_TRUE(report->outcome && report->outcome->has_value());
  EXPECT_EQ(value(path, "SELECT count(*) FROM coupon"), "1802");
}

}  // namespace
}  // namespace couponsync
