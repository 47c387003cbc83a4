#include "mirror_watch.h"

#include "exit_code.h"
#include "store/file_faults.h"
#include "support/temporary_folder.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>

#include <cerrno>
#include <sstream>
#include <string>

namespace couponsync::daemon {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;
using testing::Not;

class MirrorWatchTest : public testing::Test {
 protected:
  MirrorWatchTest()
      : log_(std::make_shared<spdlog::logger>("test",
                                              std::make_shared<spdlog::sinks::ostream_sink_st>(said_))),
        writer_(Mirror::open({.path = path_}),
                {.look_every = milliseconds(1), .checkpoint_again_after = milliseconds(1)}),
        watch_(context_.get_executor(), writer_, log_, [this] { ++losses_; }) {}

  void run_until(const std::function<bool()>& done) {
    while (!done()) context_.run_one();
  }
  bool says(const std::string& text) const { return said_.str().find(text) != std::string::npos; }

  couponsync::test::TemporaryFolder folder_;
  std::filesystem::path path_ = folder_.path() / "mirror.db";
  std::ostringstream said_;
  std::shared_ptr<spdlog::logger> log_;
  boost::asio::io_context context_;
  Writer writer_;
  int losses_ = 0;
  MirrorWatch watch_;
};

TEST_F(MirrorWatchTest, TellsOnceThatTheMirrorIsGone) {
  std::filesystem::remove(path_);
  run_until([&] { return losses_ > 0; });
  context_.run();
  EXPECT_EQ(losses_, 1);
  EXPECT_EQ(writer_.lost()->kind, FailureKind::mirror_gone);
}

Task<> write_something(Writer& writer) {
  auto starting = writer.start_run(RunTrigger::start, 1);
  static_cast<void>(co_await std::move(starting));
}

TEST_F(MirrorWatchTest, LogsOnceThatTheLogCannotBeMovedAndOnceThatItCan) {
  {
    const couponsync::FileFault broken =
        couponsync::FileFault::from_now_on(couponsync::FileFault::Call::checkpoint_write, EIO);
    boost::asio::co_spawn(context_, write_something(writer_), boost::asio::detached);
    run_until([&] { return says("cannot be moved"); });
    const std::string first = said_.str();
    EXPECT_THAT(first, HasSubstr("MIRROR_UNWRITABLE"));
    EXPECT_THAT(first, HasSubstr(path_.string()));
    context_.run_one();
    context_.run_one();
    EXPECT_EQ(said_.str(), first);
  }
  run_until([&] { return says("is moved into its file again"); });
  EXPECT_EQ(losses_, 0);
}

TEST_F(MirrorWatchTest, SaysWhatIsLeftInALogAndNothingOfAnEmptyOne) {
  tell_of_left_log(*log_, path_, 0);
  EXPECT_EQ(said_.str(), "");
  tell_of_left_log(*log_, path_, 4'152);
  EXPECT_THAT(said_.str(),
              HasSubstr("4152 bytes are left in the write-ahead log " + path_.string() + "-wal"));
}

TEST(ExitCode, OfAFailureThatEndsTheProcessFollowsFromItsKind) {
  const auto code = [](FailureKind kind) { return static_cast<int>(exit_code_of(Failure{.kind = kind})); };
  EXPECT_EQ(code(FailureKind::mirror_damaged), 65);
  EXPECT_EQ(code(FailureKind::mirror_unwritable), 74);
  EXPECT_EQ(code(FailureKind::mirror_gone), 74);
  EXPECT_EQ(code(FailureKind::credentials_refused), 77);
  EXPECT_EQ(code(FailureKind::permission_refused), 77);
}

}  // namespace
}  // namespace couponsync::daemon
