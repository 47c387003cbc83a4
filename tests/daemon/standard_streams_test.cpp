#include "standard_streams.h"

#include "support/temporary_folder.h"

#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <string>
#include <sys/socket.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace couponsync::daemon {
namespace {

/// A pipe, or a pair of sockets; what a test closes is closed.
class Channel {
 public:
  explicit Channel(bool sockets = false) {
    std::signal(SIGPIPE, SIG_IGN);
    EXPECT_EQ(sockets ? socketpair(AF_UNIX, SOCK_STREAM, 0, ends_.data()) : pipe(ends_.data()), 0);
  }
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;
  ~Channel() {
    close_reader();
    close(ends_[1]);
  }
  void close_reader() {
    if (ends_[0] >= 0) close(ends_[0]);
    ends_[0] = -1;
  }
  void do_not_block() const { fcntl(ends_[1], F_SETFL, O_NONBLOCK); }
  int writer() const { return ends_[1]; }
  std::string read_bytes(std::size_t count) const {
    std::string text(count, '\0');
    for (std::size_t size = 0; size < count;) {
      const ssize_t got = read(ends_[0], text.data() + size, count - size);
      if (got <= 0) break;
      size += static_cast<std::size_t>(got);
    }
    return text;
  }

 private:
  std::array<int, 2> ends_{-1, -1};
};

const std::string kMuch(1U << 20U, 'x');
constexpr std::chrono::milliseconds kNone{0};

TEST(WriteTo, WritesAll) {
  const Channel channel;
  const Written written = write_to(channel.writer(), "results\n", kNone);
  EXPECT_EQ(written.error, 0);
  EXPECT_EQ(written.bytes, 8U);
  EXPECT_EQ(channel.read_bytes(8), "results\n");
}

TEST(WriteTo, SaysWhyItCannot) {
  Channel channel;
  channel.close_reader();
  EXPECT_EQ(write_to(channel.writer(), "x", kForever).error, EPIPE);
  EXPECT_EQ(write_to(channel.writer(), "x", kNone).error, EPIPE);
  const int full = open("/dev/full", O_WRONLY);
  EXPECT_EQ(write_to(full, "x", kForever).error, ENOSPC);
  EXPECT_EQ(write_to(full, "x", kNone).error, ENOSPC);
  close(full);
  EXPECT_EQ(write_to(full, "x", kForever).error, EBADF);
  EXPECT_EQ(write_to(full, "x", kNone).error, EBADF);
}

class WriteToAStalled : public testing::TestWithParam<bool> {};

TEST_P(WriteToAStalled, StreamEndsWithItsPatience) {
  const Channel channel(GetParam());
  for (const auto patience : {kNone, std::chrono::milliseconds(20)}) {
    const Written written = write_to(channel.writer(), kMuch, patience);
    EXPECT_EQ(written.error, ETIMEDOUT);
    EXPECT_LT(written.bytes, kMuch.size());
  }
  channel.do_not_block();
  EXPECT_EQ(write_to(channel.writer(), kMuch, kNone).error, ETIMEDOUT);
}

TEST_P(WriteToAStalled, StreamThatDoesNotBlockIsWaitedForWhereItMatters) {
  const Channel channel(GetParam());
  channel.do_not_block();
  std::string taken;
  std::thread reader([&] { taken = channel.read_bytes(kMuch.size()); });
  const Written written = write_to(channel.writer(), kMuch, kForever);
  reader.join();
  EXPECT_EQ(written.error, 0);
  EXPECT_EQ(taken, kMuch);
}

INSTANTIATE_TEST_SUITE_P(Of, WriteToAStalled, testing::Bool(),
                         [](const auto& test) { return test.param ? "Sockets" : "Pipes"; });

/// What a child says whose standard streams are closed, all those of the mask.
int exit_code_with_closed(unsigned mask, const std::string& file) {
  const pid_t child = fork();
  if (child == 0) {
    for (int stream = 0; stream < 3; ++stream)
      if ((mask >> static_cast<unsigned>(stream) & 1U) != 0) close(stream);
    if (!occupy_standard_streams()) _exit(1);
    const int next = open(file.c_str(), O_RDWR | O_CREAT, 0600);
    if (next < 3) _exit(2);
    for (int stream = 0; stream < 3; ++stream) {
      if ((mask >> static_cast<unsigned>(stream) & 1U) == 0) continue;
      char byte = 0;
      if (stream == 0 && read(stream, &byte, 1) != 0) _exit(3);
      if (stream > 0 && (write(stream, "x", 1) != -1 || errno != EBADF)) _exit(4);
    }
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(StandardStreams, AreNeverTheNumberOfAnotherFileWhicheverAreClosed) {
  const couponsync::test::TemporaryFolder folder;
  const std::string file = (folder.path() / "file").string();
  for (unsigned mask = 0; mask < 8; ++mask) EXPECT_EQ(exit_code_with_closed(mask, file), 0) << mask;
}

}  // namespace
}  // namespace couponsync::daemon
