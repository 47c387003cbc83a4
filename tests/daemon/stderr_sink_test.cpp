#include "stderr_sink.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>

#include <array>
#include <csignal>
#include <fcntl.h>
#include <memory>
#include <poll.h>
#include <string>
#include <unistd.h>

namespace couponsync::daemon {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

/// A logger whose stderr is what the test makes of it.
class StderrSinkTest : public testing::Test {
 protected:
  StderrSinkTest() : own_stderr_(dup(STDERR_FILENO)) {
    std::signal(SIGPIPE, SIG_IGN);
    log_.set_formatter(std::make_unique<spdlog::pattern_formatter>("%l %v"));
  }
  ~StderrSinkTest() override {
    dup2(own_stderr_, STDERR_FILENO);
    close(own_stderr_);
    if (reader_ >= 0) close(reader_);
  }

  static void become_stderr(int descriptor) {
    ASSERT_EQ(dup2(descriptor, STDERR_FILENO), STDERR_FILENO);
    close(descriptor);
  }
  void connect_pipe() {
    if (reader_ >= 0) close(reader_);
    if (fcntl(STDERR_FILENO, F_GETFD) < 0) dup2(own_stderr_, STDERR_FILENO);  // or the pipe would become it
    std::array<int, 2> ends{};
    ASSERT_EQ(pipe(ends.data()), 0);
    reader_ = ends[0];
    become_stderr(ends[1]);
  }
  /// What is in the pipe now.
  std::string drain() const {
    std::string all;
    std::array<char, 4'096> some{};
    pollfd ready{.fd = reader_, .events = POLLIN, .revents = 0};
    while (poll(&ready, 1, 0) == 1) {
      const ssize_t size = read(reader_, some.data(), some.size());
      if (size <= 0) break;
      all.append(some.data(), static_cast<std::size_t>(size));
    }
    return all;
  }

  spdlog::logger log_{"test", std::make_shared<StderrSink>()};
  int reader_ = -1;

 private:
  int own_stderr_;
};

TEST_F(StderrSinkTest, WritesALineAMessage) {
  connect_pipe();
  log_.info("one");
  log_.warn("two");
  EXPECT_EQ(drain(), "info one\nwarning two\n");
}

TEST_F(StderrSinkTest, SaysHowManyMessagesAFullDiskTook) {
  become_stderr(open("/dev/full", O_WRONLY));
  for (int i = 0; i < 3; ++i) log_.info("lost");
  connect_pipe();
  log_.info("there is room again");
  log_.info("and still");
  EXPECT_EQ(drain(),
            "warning 3 log messages could not be written here: No space left on device\n"
            "info there is room again\ninfo and still\n");
}

TEST_F(StderrSinkTest, OutlivesItsReader) {
  connect_pipe();
  close(reader_);
  reader_ = -1;
  log_.info("lost");
  close(STDERR_FILENO);
  log_.info("lost as well");
  connect_pipe();
  log_.info("here");
  EXPECT_EQ(drain(), "warning 2 log messages could not be written here: Bad file descriptor\ninfo here\n");
}

TEST_F(StderrSinkTest, WaitsOnceForAReaderThatHangsAndThenDropsUntilItReads) {
  connect_pipe();
  const std::string long_text(5'000, 'x');
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < 100; ++i) log_.info("{} {}", i, long_text);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(30)) << "100 times a second";
  EXPECT_THAT(drain(), StartsWith("info 0 xxxx"));
  log_.info("read on");
  const std::string rest = drain();
  EXPECT_THAT(rest, HasSubstr("log messages could not be written here: "));
  EXPECT_THAT(rest, HasSubstr("\ninfo read on\n"));
  EXPECT_THAT(rest, Not(HasSubstr("xwarning"))) << "a line that was cut is ended first";
}

}  // namespace
}  // namespace couponsync::daemon
