#include "configuration/duration.h"

#include <gtest/gtest.h>

namespace couponsync::daemon {
namespace {

using std::chrono::milliseconds;

TEST(Duration, IsAWholeNumberWithAUnit) {
  EXPECT_EQ(parse_duration("0ms"), milliseconds(0));
  EXPECT_EQ(parse_duration("250ms"), milliseconds(250));
  EXPECT_EQ(parse_duration("20s"), milliseconds(20'000));
  EXPECT_EQ(parse_duration("15m"), milliseconds(900'000));
  EXPECT_EQ(parse_duration("2h"), milliseconds(7'200'000));
  EXPECT_EQ(parse_duration("1d"), milliseconds(86'400'000));
}

TEST(Duration, IsNothingElse) {
  for (const char* text : {"", "5", "s", "-5s", "+5s", "1.5s", "5 s", " 5s", "5S", "5sec", "1h30m",
                           "99999999999999999999s", "9999999999d"})
    EXPECT_EQ(parse_duration(text), std::nullopt) << text;
}

TEST(Duration, IsShownInItsLargestExactUnit) {
  EXPECT_EQ(format_duration(milliseconds(900'000)), "15m");
  EXPECT_EQ(format_duration(milliseconds(90'000)), "90s");
  EXPECT_EQ(format_duration(milliseconds(1'001)), "1001ms");
  EXPECT_EQ(format_duration(milliseconds(0)), "0ms");
}

}  // namespace
}  // namespace couponsync::daemon
