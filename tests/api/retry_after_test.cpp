#include "api/retry_after.h"

#include <gtest/gtest.h>

namespace couponsync {
namespace {

using namespace std::chrono_literals;

std::optional<std::chrono::milliseconds> retry_after(const std::string& value, const std::string& date = "") {
  HttpReply reply;
  reply.headers.push_back({"retry-after", value});
  if (!date.empty()) reply.headers.push_back({"Date", date});
  return retry_after_of(reply);
}

TEST(RetryAfter, IsAbsentWithoutTheHeader) { EXPECT_EQ(retry_after_of(HttpReply{}), std::nullopt); }

TEST(RetryAfter, ReadsSecondsUpToAnHour) {
  EXPECT_EQ(retry_after("0"), 0ms);
  EXPECT_EQ(retry_after("7"), 7000ms);
  EXPECT_EQ(retry_after("3600"), 1h);
  EXPECT_EQ(retry_after("3601"), 1h);
  EXPECT_EQ(retry_after("99999999999999999999999999999999"), 1h);
  EXPECT_EQ(retry_after("18446744073709551617"), 1h) << "2 to the 64th, and 1";
  EXPECT_EQ(retry_after("0000000007"), 7000ms);
  EXPECT_EQ(retry_after(std::string(100'000, '9')), 1h);
}

TEST(RetryAfter, CountsADateFromTheReplysOwnDate) {
  const char* now = "Sun, 06 Nov 1994 08:49:37 GMT";
  EXPECT_EQ(retry_after("Sun, 06 Nov 1994 08:49:39 GMT", now), 2s);
  EXPECT_EQ(retry_after("Mon, 07 Nov 1994 08:49:39 GMT", now), 1h);
  EXPECT_EQ(retry_after("Sun, 06 Nov 1994 08:49:36 GMT", now), 0ms);
  EXPECT_EQ(retry_after("Thu, 01 Jan 1970 00:00:00 GMT", now), 0ms);
  EXPECT_EQ(retry_after("Fri, 31 Dec 9999 23:59:59 GMT", now), 1h);
  EXPECT_EQ(retry_after("Sat, 01 Jan 0000 00:00:00 GMT", now), 0ms);
}

TEST(RetryAfter, IgnoresNonsense) {
  for (const char* value : {"",
                            "-1",
                            "+1",
                            "-3600",
                            "1e3",
                            "1,5",
                            "NaN",
                            "inf",
                            "\xEF\xBC\x97",
                            "1.5",
                            "soon",
                            "1 s",
                            " 1",
                            "0x10",
                            "Sun, 06 Nov 1994 08:49:39",
                            "Sun, 31 Feb 1994 08:49:39 GMT",
                            "Sun, 06 Foo 1994 08:49:39 GMT",
                            "Sun, 06 Nov 1994 25:49:39 GMT",
                            "Sun, 06 Nov 99999 08:49:39 GMT",
                            "Sunday, 06-Nov-94 08:49:39 GMT"})
    EXPECT_EQ(retry_after(value, "Sun, 06 Nov 1994 08:49:37 GMT"), std::nullopt) << value;
  EXPECT_EQ(retry_after("Sun, 06 Nov 1994 08:49:39 GMT"), std::nullopt) << "no Date to count from";
  EXPECT_EQ(retry_after("Sun, 06 Nov 1994 08:49:39 GMT", "today"), std::nullopt);
}

}  // namespace
}  // namespace couponsync
