#include "sandbox/fault_plan.h"

#include <gtest/gtest.h>

namespace couponsync::sandbox {
namespace {

CallFacts call(std::string_view domain = "primary", std::string_view openid = "o1", std::int64_t page = 1) {
  return {domain, openid, page, page > 1, false};
}

TEST(FaultPlan, IsUsedUpByItsCount) {
  FaultPlan plan;
  plan.add(parse_fault({{"fault", "hang"}, {"count", 2}}));
  EXPECT_TRUE(plan.take(call()));
  EXPECT_TRUE(plan.take(call()));
  EXPECT_FALSE(plan.take(call()));
}

TEST(FaultPlan, MeetsOnlyWhatItIsNarrowedTo) {
  FaultPlan plan;
  plan.add(parse_fault({{"fault", "hang"}, {"domain", "backup"}, {"openid", "o2"}, {"page", 3}}));
  EXPECT_FALSE(plan.take(call("primary", "o2", 3)));
  EXPECT_FALSE(plan.take(call("backup", "o1", 3)));
  EXPECT_FALSE(plan.take(call("backup", "o2", 2)));
  EXPECT_TRUE(plan.take(call("backup", "o2", 3)));
}

TEST(FaultPlan, TokenFaultsWaitForAToken) {
  FaultPlan plan;
  plan.add(parse_fault({{"fault", "expired_token"}, {"count", 1}}));
  EXPECT_FALSE(plan.take(call()));
  EXPECT_TRUE(plan.take(call("primary", "o1", 2)));
}

TEST(FaultPlan, StaleConnectionsAreThoseThatWereUsedBefore) {
  for (const char* fault : {"stale_keepalive", "stale_after_reading"}) {
    FaultPlan plan;
    plan.add(parse_fault({{"fault", fault}}));
    CallFacts first = call();
    EXPECT_FALSE(plan.take(first)) << fault;
    first.reused_connection = true;
    EXPECT_TRUE(plan.take(first)) << fault;
  }
}

TEST(FaultPlan, AnOutageIsOfConnectionsNotOfCalls) {
  FaultPlan plan;
  plan.add(parse_fault({{"fault", "outage"}, {"domain", "primary"}}));
  EXPECT_TRUE(plan.is_out("primary"));
  EXPECT_FALSE(plan.is_out("backup"));
  EXPECT_FALSE(plan.take(call()));
  plan.clear();
  EXPECT_FALSE(plan.is_out("primary"));
}

TEST(FaultPlan, RefusesWhatItDoesNotKnow) {
  EXPECT_THROW(parse_fault({{"fault", "nonsense"}}), std::invalid_argument);
  EXPECT_THROW(parse_fault({{"fault", "hang"}, {"when", "now"}}), std::invalid_argument);
  EXPECT_THROW(parse_fault({{"fault", "hang"}, {"domain", "third"}}), std::invalid_argument);
}

}  // namespace
}  // namespace couponsync::sandbox
