#include "watchdog.h"

#include "support/temporary_folder.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/datagram_protocol.hpp>
#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <string>
#include <unistd.h>

namespace couponsync::daemon {
namespace {

namespace asio = boost::asio;
using Datagrams = asio::local::datagram_protocol;

/// What systemd would hear.
class WatchdogTest : public testing::Test {
 protected:
  WatchdogTest() {
    setenv("NOTIFY_SOCKET", path_.c_str(), 1);
    setenv("WATCHDOG_USEC", "20000", 1);
    setenv("WATCHDOG_PID", std::to_string(getpid()).c_str(), 1);
    systemd_.non_blocking(true);
  }
  ~WatchdogTest() override {
    for (const char* name : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"}) unsetenv(name);
  }
  int heard() {
    int messages = 0;
    std::array<char, 64> message{};
    boost::system::error_code none;
    for (;;) {
      const std::size_t size = systemd_.receive(asio::buffer(message), 0, none);
      if (none) return messages;
      EXPECT_EQ(std::string(message.data(), size), "WATCHDOG=1");
      ++messages;
    }
  }

  couponsync::test::TemporaryFolder folder_;
  std::string path_ = (folder_.path() / "notify").string();
  asio::io_context context_;
  Datagrams::socket systemd_{context_, Datagrams::endpoint(path_)};
  ServiceNotifier notifier_;
};

TEST_F(WatchdogTest, TellsSystemdAgainAndAgainThatTheServiceLives) {
  int looks = 0;
  const Watchdog watchdog(context_.get_executor(), notifier_, [&] { return ++looks > 0; });
  while (looks < 4) context_.run_one();
  EXPECT_EQ(heard(), 4);
}

TEST_F(WatchdogTest, IsSilentWhileTheServiceDoesNotLive) {
  int looks = 0;
  const Watchdog watchdog(context_.get_executor(), notifier_, [&] { return ++looks > 3; });
  while (looks < 3) context_.run_one();
  EXPECT_EQ(heard(), 0);
  while (looks < 5) context_.run_one();
  EXPECT_EQ(heard(), 2) << "it went on";
}

TEST_F(WatchdogTest, SaysNothingIfSystemdHasNotAsked) {
  unsetenv("WATCHDOG_USEC");
  const Watchdog watchdog(context_.get_executor(), notifier_, [] { return true; });
  EXPECT_EQ(context_.run(), 0U);
  EXPECT_EQ(heard(), 0);
}

}  // namespace
}  // namespace couponsync::daemon
