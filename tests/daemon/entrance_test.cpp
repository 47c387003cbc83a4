#include "http/entrance.h"

#include "http/listener.h"
#include "support/fake_env.h"
#include "support/temporary_folder.h"

#include <boost/asio/local/stream_protocol.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/ostream_sink.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace couponsync::daemon {
namespace {

namespace fs = std::filesystem;
using Unix = boost::asio::local::stream_protocol;
using std::chrono::seconds;
using testing::HasSubstr;

/// In virtual time, on real sockets.
class EntranceTest : public testing::Test {
 protected:
  EntranceTest() {
    log_->set_formatter(std::make_unique<spdlog::pattern_formatter>("%l %v"));
    log_->set_level(spdlog::level::info);
  }

  static Task<WebPage> page(WebRequest) { co_return WebPage{}; }
  std::string address(const char* name) const { return "unix:" + (folder_.path() / name).string(); }
  bool is_served(const std::string& address) {
    Unix::socket socket(env_.context());
    boost::system::error_code error;
    socket.connect(Unix::endpoint(address.substr(5)), error);
    return !error;
  }
  void pass(seconds time) {
    const auto end = env_.elapsed() + time;
    test::Driver(env_).run(env_.sleep_until(env_.steady_now() + time));
    ASSERT_EQ(env_.elapsed(), end);
  }
  std::size_t lines() const {
    const std::string text = out_.str();
    return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
  }

  couponsync::test::TemporaryFolder folder_;
  std::ostringstream out_;
  std::shared_ptr<spdlog::logger> log_ =
      std::make_shared<spdlog::logger>("test", std::make_shared<spdlog::sinks::ostream_sink_mt>(out_));
  couponsync::test::FakeEnv env_;
  HttpEntrance entrance_{env_.context().get_executor(), env_, page, log_};
};

TEST_F(EntranceTest, ServesAtOnceWhereItCan) {
  entrance_.serve_at(address("a.sock"));
  EXPECT_TRUE(is_served(address("a.sock")));
  EXPECT_EQ(entrance_.obstacle(), "");
  entrance_.serve_at(address("b.sock"));
  EXPECT_TRUE(is_served(address("b.sock")));
  EXPECT_FALSE(is_served(address("a.sock")));
  entrance_.serve_at(std::nullopt);
  EXPECT_FALSE(is_served(address("b.sock")));
}

TEST_F(EntranceTest, APortInUseIsSaidOnceAndTriedAgainUntilItIsFree) {
  auto other = std::make_unique<Listener>(env_.context().get_executor(), "127.0.0.1:0");
  const std::string taken = "127.0.0.1:" + std::to_string(other->port());
  entrance_.serve_at(taken);
  EXPECT_EQ(entrance_.obstacle(),
            "http.listen: " + taken + " cannot be listened on: Address already in use; it is tried again");
  pass(seconds(200));
  EXPECT_EQ(lines(), 1U) << out_.str();
  EXPECT_THAT(out_.str(),
              HasSubstr("error /metrics, /healthz, /readyz and /status are not served: " + taken));
  other.reset();
  pass(HttpEntrance::kLongestPause);
  EXPECT_EQ(entrance_.obstacle(), "");
  EXPECT_THAT(out_.str(), HasSubstr("are at " + taken + " now"));
  EXPECT_EQ(lines(), 2U) << out_.str();
}

TEST_F(EntranceTest, TriesSoonAtFirstAndOnceAMinuteInTheEnd) {
  entrance_.serve_at(address("no/a.sock"));
  EXPECT_THAT(entrance_.obstacle(), HasSubstr("No such file or directory"));
  pass(seconds(2));  // at 1
  fs::create_directory(folder_.path() / "no");
  pass(seconds(2));  // at 3
  EXPECT_TRUE(is_served(address("no/a.sock")));
  entrance_.serve_at(address("never/a.sock"));
  pass(seconds(600));
  fs::create_directory(folder_.path() / "never");
  pass(seconds(60));
  EXPECT_TRUE(is_served(address("never/a.sock")));
}

TEST_F(EntranceTest, ServesTheOldAddressUntilItHasTheNewOne) {
  entrance_.serve_at(address("old.sock"));
  entrance_.serve_at(address("no/new.sock"));
  EXPECT_THAT(entrance_.obstacle(), HasSubstr(address("old.sock") + " is served meanwhile"));
  pass(seconds(100));
  EXPECT_TRUE(is_served(address("old.sock")));
  fs::create_directory(folder_.path() / "no");
  pass(seconds(60));
  EXPECT_TRUE(is_served(address("no/new.sock")));
  EXPECT_FALSE(fs::exists(address("old.sock").substr(5)));
}

TEST_F(EntranceTest, GivesUpANewAddressThatIsNotWantedAnyMore) {
  entrance_.serve_at(address("old.sock"));
  entrance_.serve_at(address("no/new.sock"));
  entrance_.serve_at(address("old.sock"));
  EXPECT_EQ(entrance_.obstacle(), "");
  fs::create_directory(folder_.path() / "no");
  pass(seconds(200));
  EXPECT_TRUE(is_served(address("old.sock")));
  EXPECT_FALSE(is_served(address("no/new.sock")));
  entrance_.serve_at(address("nowhere/x.sock"));
  entrance_.serve_at(std::nullopt);
  fs::create_directory(folder_.path() / "nowhere");
  pass(seconds(200));
  EXPECT_EQ(entrance_.obstacle(), "");
  EXPECT_FALSE(is_served(address("nowhere/x.sock")));
}

TEST_F(EntranceTest, SaysSoIfSomethingElseIsInTheWayNow) {
  entrance_.serve_at(address("no/a.sock"));
  std::ofstream(folder_.path() / "no") << "a file";
  pass(seconds(60));
  EXPECT_EQ(lines(), 2U) << out_.str();
  EXPECT_THAT(out_.str(), HasSubstr("Not a directory"));
}

}  // namespace
}  // namespace couponsync::daemon
