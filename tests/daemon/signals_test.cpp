#include "signals.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <pthread.h>

namespace couponsync::daemon {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// What this process makes of its signals is as it was when a test is over.
class SignalsTest : public testing::Test {
 protected:
  SignalsTest() {
    pthread_sigmask(SIG_SETMASK, nullptr, &mask_);
    for (const int number : {SIGTERM, SIGINT, SIGHUP}) std::signal(number, SIG_DFL);
  }
  ~SignalsTest() override {
    for (const int number : {SIGTERM, SIGINT, SIGHUP}) std::signal(number, SIG_DFL);
    pthread_sigmask(SIG_SETMASK, &mask_, nullptr);
  }
  Signals::Handlers counting() {
    return {[this] { ++stops_; }, [this] { ++hang_ups_; }};
  }
  /// Until one more handler was called.
  void await_call() {
    const int before = stops_ + hang_ups_;
    while (stops_ + hang_ups_ == before) ASSERT_EQ(context_.run_one_for(std::chrono::seconds(60)), 1U);
  }
  static void block(int number) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, number);
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
  }

  boost::asio::io_context context_;
  int stops_ = 0;
  int hang_ups_ = 0;

 private:
  sigset_t mask_{};
};

TEST_F(SignalsTest, StopOnceAndHangUpAsOftenAsTheyCome) {
  const Signals signals(context_, counting());
  EXPECT_THAT(signals.ignored(), IsEmpty());
  for (int i = 0; i < 2; ++i) {
    raise(SIGHUP);
    await_call();
  }
  raise(SIGINT);
  await_call();
  EXPECT_EQ(hang_ups_, 2);
  EXPECT_EQ(stops_, 1);
}

TEST_F(SignalsTest, StayIgnoredIfTheParentIgnoredThem) {
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) std::signal(number, SIG_IGN);
  const Signals signals(context_, counting());
  EXPECT_THAT(signals.ignored(), ElementsAre("SIGTERM", "SIGINT", "SIGHUP"));
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) raise(number);
  context_.poll();
  EXPECT_EQ(stops_ + hang_ups_, 0);
}

TEST_F(SignalsTest, StayIgnoredOneByOneAlsoWhereAHangUpWouldStop) {
  std::signal(SIGHUP, SIG_IGN);
  const Signals signals(context_, {[this] { ++stops_; }, {}});
  EXPECT_THAT(signals.ignored(), ElementsAre("SIGHUP"));
  raise(SIGHUP);
  context_.poll();
  EXPECT_EQ(stops_, 0);
  raise(SIGTERM);
  await_call();
  EXPECT_EQ(stops_, 1);
}

TEST_F(SignalsTest, AreHandledThoughTheParentLeftThemBlocked) {
  for (const int number : {SIGTERM, SIGHUP}) block(number);
  const Signals signals(context_, counting());
  raise(SIGHUP);
  await_call();
  raise(SIGTERM);
  await_call();
  EXPECT_EQ(hang_ups_, 1);
  EXPECT_EQ(stops_, 1);
}

TEST_F(SignalsTest, OfAHangUpBeforeTheyAreHandledAreNotLostAndDoNotKill) {
  hold_hang_ups();
  raise(SIGHUP);
  const Signals signals(context_, counting());
  await_call();
  EXPECT_EQ(hang_ups_, 1);
}

}  // namespace
}  // namespace couponsync::daemon
