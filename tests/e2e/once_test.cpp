#include "e2e/e2e_fixture.h"

#include <boost/json/parse.hpp>

#include <map>

namespace couponsync::test {
namespace {

class Once : public E2eTest {};

/// The pages each user was asked for, in order.
std::map<std::string, std::vector<std::int64_t>> pages_by_user(const boost::json::value& log) {
  std::map<std::string, std::vector<std::int64_t>> pages;
  for (const auto& call : log.as_array())
    pages[std::string(call.at("openid").as_string())].push_back(call.at("page").to_number<std::int64_t>());
  return pages;
}

TEST_F(Once, MirrorsThreeHundredUsersRowForRowAndASecondOneChangesNothing) {
  start_sandbox(
      {"--seed", "11", "--users", "300", "--coupons-max", "130", "--edition", "both", "--unknown-members"});
  configure("sync", "concurrency", 16);
  const auto first = once();
  EXPECT_EQ(number(first, "listings_ok"), 300);
  EXPECT_EQ(number(first, "listings_failed"), 0);
  EXPECT_EQ(number(first, "inserted"), number(first, "coupons_seen"));
  expect_mirror_equals_sandbox();
  for (const auto& [openid, pages] : pages_by_user(sandbox().get("/log")))
    for (std::size_t i = 0; i < pages.size(); ++i) ASSERT_EQ(pages[i], static_cast<std::int64_t>(i) + 1);

  const std::string changes = query("SELECT count(*) FROM coupon_change");
  const std::string rows = query("SELECT group_concat(id || changed_at) FROM coupon");
  const auto second = once();
  EXPECT_EQ(number(second, "unchanged"), number(first, "coupons_seen"));
  EXPECT_EQ(number(second, "inserted") + number(second, "updated") + number(second, "missing"), 0);
  EXPECT_EQ(query("SELECT count(*) FROM coupon_change"), changes);
  EXPECT_EQ(query("SELECT group_concat(id || changed_at) FROM coupon"), rows);
}

TEST_F(Once, SeesWhatChangedSinceTheLastTime) {
  start_sandbox({"--seed", "12", "--users", "20", "--coupons-max", "60"});
  once();
  sandbox().post("/mutations", {{"op", "random"}, {"count", 40}});
  const auto second = once();
  EXPECT_GT(number(second, "inserted") + number(second, "updated") + number(second, "missing"), 0);
  expect_mirror_equals_sandbox();
}

TEST_F(Once, ReadsOnlyTheUsersItIsAskedForAndRefusesOthers) {
  start_sandbox({"--seed", "13", "--users", "5", "--coupons-max", "60"});
  const std::string openid(sandbox().get("/truth").at(2).at("openid").as_string());
  const ProcessResult one = couponsyncd("once", {"--json", "--openid", openid});
  EXPECT_EQ(one.exit_code, 0) << one.err;
  EXPECT_EQ(number(boost::json::parse(one.out).as_object(), "listings_total"), 1);
  EXPECT_EQ(pages_by_user(sandbox().get("/log")).size(), 1U);

  const ProcessResult stranger = couponsyncd("once", {"--openid", "oNobody"});
  EXPECT_EQ(stranger.exit_code, 64);
  EXPECT_NE(stranger.err.find("not on the watchlist"), std::string::npos) << stranger.err;
}

TEST_F(Once, ObeysAQuotaOfFiftyASecond) {
  start_sandbox(
      {"--seed", "14", "--users", "250", "--coupons-max", "60", "--quota", "50", "--quota-kind", "second"});
  const auto summary = once();
  EXPECT_EQ(number(summary, "listings_failed"), 0);
  EXPECT_LT(number(summary, "rate_limited"), number(summary, "requests") / 4);
  expect_mirror_equals_sandbox();
}

// However slow the machine is, this quota is met.
TEST_F(Once, ObeysAQuotaOfFiveASecond) {
  start_sandbox(
      {"--seed", "14", "--users", "40", "--coupons-max", "60", "--quota", "5", "--quota-kind", "second"});
  const auto summary = once();
  EXPECT_EQ(number(summary, "listings_failed"), 0);
  EXPECT_GT(number(summary, "rate_limited"), 0);
  expect_mirror_equals_sandbox();
}

TEST_F(Once, NeverLogsAnOpenidACodeOrAKey) {
  start_sandbox({"--seed", "15", "--users", "10", "--coupons-max", "60"});
  configure("log", "level", "trace");
  sandbox().post("/faults", {{"fault", "bad_request"}, {"count", 2}});
  const ProcessResult result = couponsyncd("once");
  EXPECT_EQ(result.exit_code, 75) << result.err;
  EXPECT_NE(result.err.find("page 1"), std::string::npos) << "the trace says too little to be a test";
  const auto truth = sandbox().get("/truth");
  for (const auto& user : truth.as_array()) {
    EXPECT_EQ(result.err.find(std::string(user.at("openid").as_string())), std::string::npos);
    for (const auto& coupon : user.at("coupons").as_array())
      EXPECT_EQ(result.err.find(std::string(coupon.at("coupon_code").as_string())), std::string::npos);
  }
  for (const char* secret : {"signature=", "nonce_str", "PRIVATE KEY", "WECHATPAY-BRAND"})
    EXPECT_EQ(result.err.find(secret), std::string::npos) << secret;
}

TEST_F(Once, AJsonLogIsJsonLineByLine) {
  start_sandbox({"--seed", "16", "--users", "3", "--coupons-max", "5"});
  configure("log", "format", "json");
  const ProcessResult result = couponsyncd("once");
  std::istringstream lines(result.err);
  int count = 0;
  for (std::string line; std::getline(lines, line); ++count)
    EXPECT_TRUE(boost::json::parse(line).as_object().contains("message")) << line;
  EXPECT_GE(count, 2);
}

}  // namespace
}  // namespace couponsync::test
