#include "http/listener.h"

#include "support/temporary_folder.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <memory>
#include <stdexcept>
#include <sys/stat.h>
#include <vector>

namespace couponsync::daemon {
namespace {

namespace fs = std::filesystem;
using Unix = boost::asio::local::stream_protocol;
using testing::HasSubstr;

class ListenerTest : public testing::Test {
 protected:
  std::unique_ptr<Listener> listen(const std::string& address) {
    return std::make_unique<Listener>(context_.get_executor(), address);
  }
  /// Why it cannot listen; "" if it can.
  std::string refusal(const std::string& address) {
    try {
      listen(address);
      return "";
    } catch (const std::runtime_error& error) {
      return error.what();
    }
  }
  bool somebody_listens() {
    Unix::socket socket(context_);
    boost::system::error_code error;
    socket.connect(Unix::endpoint(path_.string()), error);
    return !error;
  }

  couponsync::test::TemporaryFolder folder_;
  fs::path path_ = folder_.path() / "http.sock";
  std::string address_ = "unix:" + path_.string();
  boost::asio::io_context context_;
};

TEST_F(ListenerTest, SaysWhyAPortCannotBeHad) {
  const auto first = listen("127.0.0.1:0");
  const std::string taken = "127.0.0.1:" + std::to_string(first->port());
  EXPECT_EQ(refusal(taken), taken + " cannot be listened on: Address already in use");
  EXPECT_EQ(refusal("[::1]:0"), "");
}

TEST_F(ListenerTest, MakesASocketForItsGroupAndRemovesItAtItsEnd) {
  {
    const auto listener = listen(address_);
    struct stat made{};
    ASSERT_EQ(lstat(path_.c_str(), &made), 0);
    EXPECT_TRUE(S_ISSOCK(made.st_mode));
    EXPECT_EQ(made.st_mode & 07777U, 0660U);
    EXPECT_TRUE(somebody_listens());
  }
  EXPECT_FALSE(fs::exists(path_));
}

TEST_F(ListenerTest, ReplacesASocketThatNobodyListensOn) {
  {
    const Unix::acceptor left_behind(context_, Unix::endpoint(path_.string()));
  }
  ASSERT_TRUE(fs::exists(path_));
  const auto listener = listen(address_);
  EXPECT_TRUE(somebody_listens());
}

TEST_F(ListenerTest, LeavesASocketAloneThatSomebodyListensOn) {
  const Unix::acceptor other(context_, Unix::endpoint(path_.string()));
  EXPECT_THAT(refusal(address_), HasSubstr("another process listens there"));
  EXPECT_TRUE(somebody_listens());
}

TEST_F(ListenerTest, DoesNotWaitForOneThatHangsWithAFullQueue) {
  Unix::acceptor other(context_);
  other.open();
  other.bind(Unix::endpoint(path_.string()));
  other.listen(0);
  const Unix::endpoint endpoint(path_.string());
  std::vector<Unix::socket> waiting;
  do {
    waiting.emplace_back(context_, Unix());
    waiting.back().non_blocking(true);
  } while (
      connect(waiting.back().native_handle(), endpoint.data(), static_cast<socklen_t>(endpoint.size())) == 0);
  EXPECT_THAT(refusal(address_), HasSubstr("another process listens there"));
}

TEST_F(ListenerTest, LeavesAnythingElseAlone) {
  std::ofstream(path_) << "precious";
  EXPECT_THAT(refusal(address_), HasSubstr("there is something that is no socket"));
  EXPECT_EQ(fs::file_size(path_), 8U);
  fs::remove(path_);
  fs::create_symlink(folder_.path() / "elsewhere", path_);
  EXPECT_THAT(refusal(address_), HasSubstr("there is something that is no socket"));
  EXPECT_TRUE(fs::is_symlink(path_));
}

TEST_F(ListenerTest, DoesNotRemoveWhatTookItsPlace) {
  auto listener = listen(address_);
  fs::remove(path_);
  const Unix::acceptor successor(context_, Unix::endpoint(path_.string()));
  listener.reset();
  EXPECT_TRUE(somebody_listens());
}

TEST_F(ListenerTest, SaysWhyAPathCannotBeHad) {
  EXPECT_THAT(refusal("unix:" + (folder_.path() / "no" / "folder").string()),
              HasSubstr("No such file or directory"));
}

}  // namespace
}  // namespace couponsync::daemon
