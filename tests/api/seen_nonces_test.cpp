#include "api/seen_nonces.h"

#include <gtest/gtest.h>

#include <string>

namespace couponsync {
namespace {

constexpr UnixSeconds kWindow = 300;
constexpr UnixSeconds kNow = 1'756'794'524;

TEST(SeenNonces, KnowAPairAgain) {
  SeenNonces seen(kWindow);
  EXPECT_TRUE(seen.is_first(kNow, "a", kNow));
  EXPECT_FALSE(seen.is_first(kNow, "a", kNow));
  EXPECT_TRUE(seen.is_first(kNow, "b", kNow));
  EXPECT_TRUE(seen.is_first(kNow + 1, "a", kNow)) << "a nonce is one of its second";
  EXPECT_FALSE(seen.is_first(kNow, "a", kNow + 1));
}

TEST(SeenNonces, KnowItForAsLongAsItsTimeWouldBeAccepted) {
  for (const UnixSeconds ahead : {-299, 0, 299}) {
    SeenNonces seen(kWindow);
    const UnixSeconds signed_at = kNow + ahead;
    EXPECT_TRUE(seen.is_first(signed_at, "a", kNow));
    EXPECT_FALSE(seen.is_first(signed_at, "a", signed_at + kWindow - 1)) << ahead;
  }
}

TEST(SeenNonces, ForgetWhatIsTooOldToBeAccepted) {
  SeenNonces seen(kWindow);
  for (UnixSeconds second = 0; second < 10'000; ++second) {
    const UnixSeconds now = kNow + second;
    for (const char* nonce : {"a", "b", "c"}) EXPECT_TRUE(seen.is_first(now, nonce, now));
    EXPECT_LE(seen.size(), 3U * kWindow);
  }
}

TEST(SeenNonces, StandAClockThatIsSetBackAndForth) {
  SeenNonces seen(kWindow);
  EXPECT_TRUE(seen.is_first(kNow, "a", kNow));
  EXPECT_TRUE(seen.is_first(kNow - 7'200, "a", kNow - 7'200)) << "two hours back";
  EXPECT_FALSE(seen.is_first(kNow, "a", kNow)) << "and forth again";
  EXPECT_TRUE(seen.is_first(kNow + 7'200, "a", kNow + 7'200));
  EXPECT_EQ(seen.size(), 1U);
}

TEST(SeenNonces, HoldTenMinutesOfFiveHundredRepliesASecond) {
  SeenNonces seen(kWindow);
  constexpr int kReplies = 500;
  for (UnixSeconds second = -299; second <= 299; ++second)
    for (int i = 0; i < kReplies; ++i) ASSERT_TRUE(seen.is_first(kNow + second, std::to_string(i), kNow));
  EXPECT_EQ(seen.size(), 599U * kReplies);
  EXPECT_FALSE(seen.is_first(kNow - 299, "0", kNow));
  EXPECT_FALSE(seen.is_first(kNow + 299, "499", kNow));
}

TEST(SeenNonces, TellNoncesApartThatAreEmptyLongOrBinary) {
  SeenNonces seen(kWindow);
  const std::string zero(1, '\0');
  for (const std::string& nonce : {std::string(), zero, zero + zero, std::string(100'000, 'x')}) {
    EXPECT_TRUE(seen.is_first(kNow, nonce, kNow));
    EXPECT_FALSE(seen.is_first(kNow, nonce, kNow));
  }
}

}  // namespace
}  // namespace couponsync
