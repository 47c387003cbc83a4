#include "net/reply_history.h"

#include <gtest/gtest.h>

namespace couponsync {
namespace {

using namespace std::chrono_literals;

class ReplyHistoryTest : public testing::Test {
 protected:
  void accept(int replies) {
    for (int i = 0; i < replies; ++i) history_.accepted(now_);
  }

  SteadyTime now_{1h};
  ReplyHistory history_{now_};
};

TEST_F(ReplyHistoryTest, CountsWithinASpan) {
  accept(3);
  now_ += 1s;
  accept(4);
  EXPECT_EQ(history_.accepted_within(1s, now_), 4U);
  EXPECT_EQ(history_.accepted_within(2s, now_), 7U);
}

TEST_F(ReplyHistoryTest, ForgetsAfterAMinute) {
  accept(3);
  now_ += 59s;
  EXPECT_EQ(history_.accepted_within(60s, now_), 3U);
  now_ += 1s;
  EXPECT_EQ(history_.accepted_within(60s, now_), 0U);
  accept(2);
  now_ += 24h;
  EXPECT_EQ(history_.accepted_within(60s, now_), 0U);
}

TEST_F(ReplyHistoryTest, FindsTheHighestMean) {
  for (const int replies : {1, 2, 10, 20, 3, 4}) {
    accept(replies);
    now_ += 1s;
  }
  EXPECT_EQ(history_.highest_accepted_rate(2s, 12s, now_), 15);
  EXPECT_EQ(history_.highest_accepted_rate(1s, 12s, now_), 20);
}

TEST_F(ReplyHistoryTest, LooksForTheHighestMeanNoFurtherThanTold) {
  accept(100);
  now_ += 12s;
  accept(4);
  EXPECT_EQ(history_.highest_accepted_rate(2s, 12s, now_), 2);
}

TEST_F(ReplyHistoryTest, TellsTheShareThatWasRefused) {
  EXPECT_EQ(history_.refused_share_within(1s, now_), 0);
  history_.refused(now_);
  EXPECT_EQ(history_.refused_share_within(1s, now_), 1);
  accept(3);
  EXPECT_EQ(history_.refused_share_within(1s, now_), 0.25);
  now_ += 1s;
  EXPECT_EQ(history_.refused_share_within(1s, now_), 0);
}

}  // namespace
}  // namespace couponsync
