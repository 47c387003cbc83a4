#include "http/status_reader.h"

#include "store/mirror.h"
#include "support/temporary_folder.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <fstream>
#include <latch>
#include <mutex>
#include <vector>

namespace couponsync::daemon {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;
using Reading = std::shared_ptr<const StatusSnapshot>;

/// Time goes on when the test says so.
class ManualEnv final : public Env {
 public:
  SteadyTime steady_now() const override { return now_; }
  WallTime wall_now() const override { return WallTime(seconds(1'750'000'000)); }
  Task<> sleep_until(SteadyTime) override { co_return; }
  void random_bytes(std::span<std::byte>) override {}
  double random_unit() override { return 0; }
  void pass(seconds time) { now_ += time; }

 private:
  SteadyTime now_{std::chrono::hours(1)};
};

class StatusReaderTest : public testing::Test {
 protected:
  std::unique_ptr<StatusReader> make(StatusReader::Read read, milliseconds patience = seconds(60)) {
    return std::make_unique<StatusReader>(
        context_.get_executor(), env_, [read = std::move(read)] { return read; },
        StatusReader::Options{seconds(2), patience});
  }
  /// A reading that says which it is.
  StatusReader::Read counting() {
    return [this](const std::stop_token&) {
      StatusSnapshot reading;
      reading.json = std::to_string(++readings_);
      return reading;
    };
  }
  void spawn(StatusReader& reader) {
    boost::asio::co_spawn(context_, reader.latest(),
                          [this](const std::exception_ptr& thrown, Reading reading) {
                            if (thrown) std::rethrow_exception(thrown);
                            got_.push_back(std::move(reading));
                          });
  }
  Reading ask(StatusReader& reader) {
    got_.clear();
    spawn(reader);
    context_.restart();
    while (got_.empty()) context_.run_one();
    return got_.front();
  }

  ManualEnv env_;
  boost::asio::io_context context_;
  std::atomic<int> readings_ = 0;
  std::vector<Reading> got_;
};

TEST_F(StatusReaderTest, ReadsOnceForAllWhoAskMeanwhile) {
  const auto reader = make(counting());
  for (int i = 0; i < 5; ++i) spawn(*reader);
  context_.run();
  ASSERT_EQ(got_.size(), 5U);
  for (const Reading& reading : got_) EXPECT_EQ(reading->json, "1");
}

TEST_F(StatusReaderTest, KeepsAReadingForAWhile) {
  const auto reader = make(counting());
  EXPECT_EQ(ask(*reader)->json, "1");
  env_.pass(seconds(1));
  EXPECT_EQ(ask(*reader)->json, "1");
  env_.pass(seconds(1));
  EXPECT_EQ(ask(*reader)->json, "2");
}

TEST_F(StatusReaderTest, ReadsALargeMirrorLessOften) {
  const auto reader = make([this](const std::stop_token&) {
    env_.pass(seconds(10));
    return StatusSnapshot{{}, std::to_string(++readings_), {}};
  });
  EXPECT_EQ(ask(*reader)->json, "1");
  env_.pass(seconds(89));
  EXPECT_EQ(ask(*reader)->json, "1");
  env_.pass(seconds(1));
  EXPECT_EQ(ask(*reader)->json, "2");
}

TEST_F(StatusReaderTest, DoesNotWaitForASlowReadingAndGivesItLater) {
  std::latch go_on(1);
  const auto reader = make(
      [&](const std::stop_token&) {
        go_on.wait();
        return StatusSnapshot{{}, "late", {}};
      },
      milliseconds(1));
  EXPECT_EQ(ask(*reader), nullptr);
  EXPECT_EQ(ask(*reader), nullptr);
  go_on.count_down();
  Reading reading;
  while (!reading) reading = ask(*reader);
  EXPECT_EQ(reading->json, "late");
}

TEST_F(StatusReaderTest, EndsTheReadingUnderWayWithItself) {
  std::latch reading(1);
  auto reader = make([&](const std::stop_token& stop) {
    reading.count_down();
    std::mutex mutex;
    std::unique_lock lock(mutex);
    std::condition_variable_any().wait(lock, stop, [] { return false; });
    return StatusSnapshot{};
  });
  spawn(*reader);
  context_.poll();
  reading.wait();
  reader.reset();
  EXPECT_TRUE(got_.empty());
}

TEST_F(StatusReaderTest, ReadsAnewInAnotherWay) {
  const auto reader = make(counting());
  EXPECT_EQ(ask(*reader)->json, "1");
  reader->read_with([]() -> StatusReader::Read {
    return [](const std::stop_token&) { return StatusSnapshot{{}, "other", {}}; };
  });
  EXPECT_EQ(ask(*reader)->json, "other");
}

TEST_F(StatusReaderTest, EndsForGoodAndLetsGoOfWhatItReadBy) {
  const auto held = std::make_shared<int>(0);
  const auto reader = make([held](const std::stop_token&) { return StatusSnapshot{{}, "once", {}}; });
  EXPECT_EQ(ask(*reader)->json, "once");
  reader->end();
  EXPECT_EQ(held.use_count(), 1);
  env_.pass(seconds(60));
  EXPECT_EQ(ask(*reader)->json, "once") << "and not anew";
}

TEST_F(StatusReaderTest, SaysWhyAMirrorCannotBeRead) {
  const couponsync::test::TemporaryFolder folder;
  const std::filesystem::path path = folder.path() / "mirror.db";
  std::ofstream(path)
      << "this is no database, though it is long enough for a header of one, or so it seems, of 100";
  const StatusSnapshot reading =
      mirror_reading(env_, std::make_shared<MirrorReader>(path), {}, seconds(2'700))()({});
  EXPECT_FALSE(reading.report);
  EXPECT_THAT(reading.problem, HasSubstr("mirror.db"));
}

TEST_F(StatusReaderTest, ReadsAMirrorAsTheStatusCommandDoes) {
  const couponsync::test::TemporaryFolder folder;
  const std::filesystem::path path = folder.path() / "mirror.db";
  {
    const Mirror mirror = Mirror::open({path});
  }
  const StatusSnapshot reading =
      mirror_reading(env_, std::make_shared<MirrorReader>(path), {}, seconds(2'700))()({});
  ASSERT_TRUE(reading.report) << reading.problem;
  EXPECT_EQ(reading.report->max_age, seconds(2'700));
  EXPECT_EQ(reading.report->now, 1'750'000'000);
  EXPECT_EQ(reading.json, reading.report->json());
}

}  // namespace
}  // namespace couponsync::daemon
