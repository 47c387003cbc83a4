#include "summary.h"

#include "progress.h"

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

#include <set>

namespace couponsync::daemon {
namespace {

RunCounters counters() {
  RunCounters c;
  c.listings_total = 10;
  c.listings_ok = 4;
  c.listings_failed = 1;
  c.requests = 30;
  c.rate_limited = 2;
  c.coupons_seen = 120;
  c.seconds = 2.5;
  return c;
}

TEST(Summary, HasExactlyTheContractsMembersAsJson) {
  const boost::json::object summary = boost::json::parse(summary_json(counters())).as_object();
  std::set<std::string> names;
  for (const auto& member : summary) names.emplace(member.key());
  EXPECT_EQ(names,
            (std::set<std::string>{"listings_total", "listings_ok", "listings_failed", "pages", "requests",
                                   "coupons_seen", "inserted", "updated", "unchanged", "missing",
                                   "rate_limited", "retries", "failovers", "bytes", "seconds"}));
  EXPECT_EQ(summary.at("requests").as_int64(), 30);
  EXPECT_EQ(summary.at("seconds").as_double(), 2.5);
}

TEST(Summary, SaysTheRateToPeople) {
  EXPECT_NE(summary_text(counters()).find("30 in 2.5 s (12.0/s)"), std::string::npos)
      << summary_text(counters());
}

TEST(ProgressLine, EstimatesTheTimeLeftFromTheListingsDone) {
  EXPECT_EQ(progress_line(counters(), std::chrono::seconds(5)),
            "5/10 listings  120 coupons  6.0 requests/s  2x 429  about 5 s left");
  EXPECT_EQ(progress_line({}, std::chrono::seconds(0)), "0/0 listings  0 coupons  0.0 requests/s  0x 429");
}

}  // namespace
}  // namespace couponsync::daemon
