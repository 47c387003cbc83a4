#include "sync/tries.h"

#include <gtest/gtest.h>

#include <vector>

namespace couponsync::test {
namespace {

using namespace std::chrono_literals;
using End = Tries::End;

const SteadyTime kStart{1000h};

class TriesTest : public testing::Test {
 protected:
  /// How long after one another the next `count` tries go, if each ends at once in that way.
  std::vector<std::chrono::seconds> waits(int count, End end) {
    std::vector<std::chrono::seconds> found;
    for (int i = 0; i < count; ++i) {
      found.push_back(std::chrono::ceil<std::chrono::seconds>(*tries_.next_at() - now_));
      now_ = std::max(now_, *tries_.next_at());
      EXPECT_EQ(tries_.one_begins(now_), i);
      tries_.one_ends(end, now_);
    }
    return found;
  }

  Tries tries_{{.first = 0s, .early = {0s, 1s}, .every = 2s, .undecided = 2s, .most_out = 10}};
  SteadyTime now_ = kStart;
};

TEST_F(TriesTest, FollowEachOtherAtTheirTempo) {
  tries_.begin(kStart, kStart);
  EXPECT_EQ(waits(6, End::failed), (std::vector<std::chrono::seconds>{0s, 0s, 1s, 2s, 2s, 2s}));
}

TEST_F(TriesTest, GoOnWhereNothingAnswersButNotWithoutABound) {
  tries_.begin(kStart, kStart);
  int out = 0;
  for (; tries_.next_at(); ++out) {
    now_ = std::max(now_, *tries_.next_at());
    tries_.one_begins(now_);
  }
  EXPECT_EQ(out, 10);
  EXPECT_EQ(now_, kStart + 18s);
  tries_.one_ends(End::failed, now_ + 2s);
  EXPECT_TRUE(tries_.next_at());
}

TEST_F(TriesTest, AreForgottenAtTheirEnd) {
  tries_.begin(kStart, kStart);
  tries_.one_begins(kStart);
  tries_.end();
  tries_.one_ends(End::undecided, kStart + 1s);
  EXPECT_FALSE(tries_.under_way());
  tries_.begin(kStart + 1h, kStart + 1h);
  EXPECT_EQ(tries_.since(), kStart + 1h);
  EXPECT_EQ(tries_.next_at(), kStart + 1h);
}

TEST_F(TriesTest, GoAtOnceAfterOneThatShowedNothingWhereTheTempoSaysSo) {
  tries_ = Tries({.first = 60s, .early = {60s, 60s}, .every = 60s, .undecided = 0s, .most_out = 1});
  tries_.begin(kStart, kStart);
  EXPECT_EQ(waits(3, End::undecided), (std::vector<std::chrono::seconds>{0s, 0s, 0s}));
  tries_.begin(now_, now_ + 60s);
  EXPECT_EQ(waits(3, End::failed), (std::vector<std::chrono::seconds>{60s, 60s, 60s}));
}

TEST_F(TriesTest, NeedNotWaitOnceTheyAreHurried) {
  tries_.begin(kStart, kStart + 60s);
  tries_.hurry(kStart + 1s);
  EXPECT_EQ(tries_.next_at(), kStart + 1s);
}

}  // namespace
}  // namespace couponsync::test
