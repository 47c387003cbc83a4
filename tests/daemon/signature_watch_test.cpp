#include "signature_watch.h"

#include <gtest/gtest.h>

namespace couponsync::daemon::test {
namespace {

TEST(SignatureWatch, TakesASmallShareForProbes) {
  SignatureWatch watch;
  for (int i = 0; i < 2'000; ++i) EXPECT_FALSE(watch.replied(i % 20 != 0)) << i;
}

TEST(SignatureWatch, TellsOnceOfAShareThatProbesDoNotExplain) {
  SignatureWatch watch;
  int told = 0;
  for (int i = 0; i < 500; ++i) told += watch.replied(i % 5 != 0) ? 1 : 0;
  EXPECT_EQ(told, 1);
}

TEST(SignatureWatch, TellsAtTheTenthFailureIfNothingElseCame) {
  SignatureWatch watch;
  for (int i = 0; i < 9; ++i) EXPECT_FALSE(watch.replied(false));
  EXPECT_EQ(watch.replied(false), 10U);
  EXPECT_EQ(watch.known(), 10U);
}

TEST(SignatureWatch, TellsAgainAfterItWasBetterMeanwhile) {
  SignatureWatch watch;
  for (int i = 0; i < 10; ++i) watch.replied(false);
  for (int i = 0; i < 200; ++i) watch.replied(true);
  int told = 0;
  for (int i = 0; i < 50; ++i) told += watch.replied(false) ? 1 : 0;
  EXPECT_EQ(told, 1);
}

}  // namespace
}  // namespace couponsync::daemon::test
