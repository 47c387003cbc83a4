#include "reload_requests.h"

#include "signals.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <gtest/gtest.h>

#include <csignal>

namespace couponsync::daemon {
namespace {

/// The service's signals and what they do, counted.
class ReloadRequestsTest : public testing::Test {
 protected:
  void stop() {
    ++stops_;
    requests_.stop();
  }
  void reload() {
    ++reloads_;
    if (during_reload_) during_reload_();
    if (!takes_long_) requests_.finished();
  }

  boost::asio::io_context context_{1};
  int reloads_ = 0;
  int stops_ = 0;
  bool takes_long_ = false;
  std::function<void()> during_reload_;
  ReloadRequests requests_{context_.get_executor(), [this] { reload(); }};
  Signals signals_{context_, {[this] { stop(); }, [this] { requests_.ask(); }}};
};

TEST_F(ReloadRequestsTest, OfOneSignalIsOneReload) {
  raise(SIGHUP);
  context_.poll();
  EXPECT_EQ(reloads_, 1);
  raise(SIGHUP);
  context_.poll();
  EXPECT_EQ(reloads_, 2);
}

TEST_F(ReloadRequestsTest, OfTwentySignalsAreOneReload) {
  for (int i = 0; i < 20; ++i) raise(SIGHUP);
  context_.poll();
  EXPECT_EQ(reloads_, 1);
}

TEST_F(ReloadRequestsTest, ThatComeDuringAReloadAreOneMore) {
  during_reload_ = [this] {
    during_reload_ = {};
    for (int i = 0; i < 20; ++i) raise(SIGHUP);
  };
  raise(SIGHUP);
  context_.poll();
  EXPECT_EQ(reloads_, 2);
}

TEST_F(ReloadRequestsTest, WaitForTheEndOfOneThatTakesLong) {
  takes_long_ = true;
  raise(SIGHUP);
  context_.poll();
  for (int i = 0; i < 20; ++i) {
    raise(SIGHUP);
    context_.poll();
  }
  EXPECT_EQ(reloads_, 1);
  requests_.finished();
  context_.poll();
  EXPECT_EQ(reloads_, 2) << "all of them are one";
  requests_.finished();
  context_.poll();
  EXPECT_EQ(reloads_, 2);
}

TEST_F(ReloadRequestsTest, AreOvertakenByAStop) {
  for (int i = 0; i < 20; ++i) raise(SIGHUP);
  raise(SIGTERM);
  context_.poll();
  EXPECT_EQ(stops_, 1);
  EXPECT_EQ(reloads_, 0);
}

TEST_F(ReloadRequestsTest, AreOvertakenByAStopThatComesDuringAReload) {
  during_reload_ = [] {
    for (int i = 0; i < 20; ++i) raise(SIGHUP);
    raise(SIGTERM);
  };
  raise(SIGHUP);
  context_.poll();
  EXPECT_EQ(stops_, 1);
  EXPECT_EQ(reloads_, 1) << "the one under way, and none after it";
}

TEST_F(ReloadRequestsTest, MayOutliveWhoMadeThem) {
  {
    ReloadRequests gone(context_.get_executor(), [this] { ++reloads_; });
    gone.ask();
  }
  context_.poll();
  EXPECT_EQ(reloads_, 0);
}

}  // namespace
}  // namespace couponsync::daemon
