#include "e2e/e2e_fixture.h"

namespace couponsync::test {
namespace {

class Faults : public E2eTest {
 protected:
  void SetUp() override {
    start_sandbox({"--seed", "31", "--users", "30", "--coupons-max", "110"});
    // Short, so that what hangs does not take long; but eight handshakes at once fit in on a slow machine.
    configure("api", "request_timeout", "5s");
    configure("api", "connect_timeout", "4s");
    configure("sync", "concurrency", 8);
    configure("api", "max_response_bytes", 1 << 20);
  }
};

/// A fault that passes: whatever it hits is repeated and everything is completed.
class PassingFault : public Faults, public testing::WithParamInterface<const char*> {};

TEST_P(PassingFault, IsOvercome) {
  sandbox().post("/faults", {{"fault", GetParam()}, {"domain", "both"}, {"count", 2}});
  const auto summary = once();
  EXPECT_EQ(number(summary, "listings_failed"), 0);
  EXPECT_GE(number(summary, "retries"), 1);
  expect_mirror_equals_sandbox();
}

INSTANTIATE_TEST_SUITE_P(Each, PassingFault,
                         testing::Values("hang", "reset", "truncated_body", "html_404", "html_421",
                                         "html_425", "error_as_success", "redirect", "html_502", "html_503",
                                         "html_504", "system_error", "wrong_signature", "signtest_signature",
                                         "missing_signature", "wrong_serial", "stale_timestamp",
                                         "gzip_encoding"),
                         [](const auto& test) { return std::string(test.param); });

/// A fault of one user's listing that does not pass: that listing fails, says why, and no other does.
struct ListingFault {
  const char* fault;
  const char* code;
};

class LastingFault : public Faults, public testing::WithParamInterface<ListingFault> {};

TEST_P(LastingFault, FailsItsListingAlone) {
  const auto truth = sandbox().get("/truth").as_array();
  std::string openid;
  for (const auto& user : truth)
    if (user.at("coupons").as_array().size() > 50) openid = user.at("openid").as_string();
  ASSERT_FALSE(openid.empty());
  sandbox().post("/faults", {{"fault", GetParam().fault}, {"openid", openid}});
  const auto summary = once(75);
  EXPECT_EQ(number(summary, "listings_ok"), 29);
  EXPECT_EQ(number(summary, "listings_failed"), 1);
  EXPECT_EQ(query("SELECT last_error_code FROM listing WHERE openid = '" + openid + "'"), GetParam().code);
  EXPECT_EQ(query("SELECT count(*) FROM listing WHERE failures > 0"), "1");

  sandbox().clear_faults();
  once();
  expect_mirror_equals_sandbox();
  EXPECT_EQ(query("SELECT count(*) FROM listing WHERE failures > 0 OR last_error IS NOT NULL"), "0");
}

INSTANTIATE_TEST_SUITE_P(Each, LastingFault,
                         testing::Values(ListingFault{"broken_json", "UNDECODABLE"},
                                         ListingFault{"error_as_success", "SYSTEM_ERROR"},
                                         ListingFault{"repeated_token", "REPEATED_PAGE_TOKEN"},
                                         ListingFault{"endless_pages", "TOO_MANY_PAGES"},
                                         ListingFault{"wrong_total_count", "INCONSISTENT_LISTING"},
                                         ListingFault{"expired_token", "PARAM_ERROR"},
                                         ListingFault{"bad_request", "PARAM_ERROR"},
                                         ListingFault{"not_found", "NOT_FOUND"},
                                         ListingFault{"huge_body", "REPLY_TOO_LARGE"},
                                         ListingFault{"redirect", "UNEXPECTED_STATUS"},
                                         ListingFault{"wrong_signature", "SIGNATURE_WRONG"},
                                         ListingFault{"stale_timestamp", "CLOCK_SKEW"}),
                         [](const auto& test) { return std::string(test.param.fault); });

TEST_F(Faults, AnEntryThatNamesNoCouponIsRefusedAloneAndMarksNothingMissing) {
  once();
  sandbox().post("/faults", {{"fault", "wrong_types"}, {"page", 1}});
  const ProcessResult result = couponsyncd("once");
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(
      query("SELECT count(*) FROM coupon WHERE missing_since IS NOT NULL OR unlisted_since IS NOT NULL"),
      "0");
  EXPECT_NE(result.err.find("it does not say which coupon it is, and is not stored"), std::string::npos)
      << result.err;
  sandbox().clear_faults();
  once();
  expect_mirror_equals_sandbox();
}

TEST_F(Faults, ABrokenTextCostsNoPageAndIsLoggedOnce) {
  sandbox().post("/faults", {{"fault", "broken_text"}});
  const ProcessResult result = couponsyncd("once");
  EXPECT_EQ(result.exit_code, 0) << result.err;
  const std::string first = "stock.remark: a broken text";
  const std::size_t at = result.err.find(first);
  ASSERT_NE(at, std::string::npos) << result.err;
  EXPECT_EQ(result.err.find(first, at + 1), std::string::npos) << "once is enough";
  EXPECT_NE(query("SELECT count(*) FROM stock WHERE remark LIKE '\xEF\xBF\xBD%'"), "0");
  EXPECT_EQ(
      query("SELECT count(*) FROM stock WHERE NOT json_valid(raw_json) OR raw_json NOT LIKE '%\\ud83d%'"),
      "0");
  EXPECT_EQ(query("SELECT count(*) FROM coupon WHERE NOT json_valid(raw_json)"), "0");
  sandbox().clear_faults();
  once();
  expect_mirror_equals_sandbox();
}

TEST_F(Faults, AnExpiredTokenStartsTheListingOverOnce) {
  sandbox().post("/faults", {{"fault", "expired_token"}, {"count", 1}});
  const auto summary = once();
  EXPECT_EQ(number(summary, "listings_failed"), 0);
  expect_mirror_equals_sandbox();
}

TEST_F(Faults, AnEmptyPageWithANextTokenIsNotTheEnd) {
  sandbox().post("/faults", {{"fault", "empty_page_with_token"}, {"count", 3}});
  EXPECT_EQ(number(once(), "listings_failed"), 0);
  expect_mirror_equals_sandbox();
}

TEST_F(Faults, AWrongTotalFailsItsListingAndMarksNothingMissing) {
  once();
  sandbox().post("/faults", {{"fault", "wrong_total_count"}});
  EXPECT_EQ(number(once(75), "missing"), 0);
  expect_mirror_equals_sandbox();
}

TEST_F(Faults, AWrongTotalThatPassesIsReadAgain) {
  sandbox().post("/faults", {{"fault", "wrong_total_count"}, {"count", 3}});
  EXPECT_EQ(number(once(), "listings_failed"), 0);
  expect_mirror_equals_sandbox();
}

TEST_F(Faults, ALimitIsObeyedAndRepeated) {
  sandbox().post("/faults", {{"fault", "rate_limited"}, {"count", 3}});
  const auto summary = once();
  EXPECT_EQ(number(summary, "rate_limited"), 3);
  EXPECT_EQ(number(summary, "failovers"), 0);
  expect_mirror_equals_sandbox();
}

TEST_F(Faults, APrimaryThatComesAndGoesLosesNothing) {
  sandbox().post("/faults", {{"fault", "html_503"}, {"domain", "primary"}, {"probability", 0.5}});
  EXPECT_EQ(number(once(), "listings_failed"), 0);
  expect_mirror_equals_sandbox();
}

TEST_F(Faults, AStaleConnectionIsReplacedWithoutARetry) {
  sandbox().post("/faults", {{"fault", "stale_keepalive"}, {"count", 3}});
  const auto summary = once();
  EXPECT_EQ(number(summary, "retries"), 0);
  EXPECT_EQ(number(summary, "failovers"), 0);
  expect_mirror_equals_sandbox();
}

class Refusal : public Faults, public testing::WithParamInterface<const char*> {};

TEST_P(Refusal, CostsThreeCallsAndEndsWith77) {
  sandbox().post("/faults", {{"fault", GetParam()}});
  const ProcessResult result = couponsyncd("once");
  EXPECT_EQ(result.exit_code, 77);
  EXPECT_EQ(sandbox().requests(), 3);
  EXPECT_NE(result.err.find("Request-ID"), std::string::npos) << result.err;
}

INSTANTIATE_TEST_SUITE_P(Each, Refusal, testing::Values("sign_error", "no_auth"),
                         [](const auto& test) { return std::string(test.param); });

TEST_P(Refusal, ThatIsAStrayStopsNothing) {
  sandbox().post("/faults", {{"fault", GetParam()}, {"probability", 0.05}});
  const auto summary = once();
  EXPECT_EQ(number(summary, "listings_ok"), 30);
  expect_mirror_equals_sandbox();
}

TEST_P(Refusal, OfOneUserAloneFailsThatUserAlone) {
  const auto truth = sandbox().get("/truth");
  const std::string openid(truth.at(3).at("openid").as_string());
  sandbox().post("/faults", {{"fault", GetParam()}, {"openid", openid}});
  const auto summary = once(75);
  EXPECT_EQ(number(summary, "listings_ok"), 29);
  EXPECT_EQ(query("SELECT openid FROM listing WHERE failures > 0"), openid);
}

TEST_P(Refusal, IsTheReasonThatIsSaidWhateverElseFailsMeanwhile) {
  sandbox().post("/gate", {{"after_requests", 6}});
  auto process = start_couponsyncd("once");
  sandbox().get("/wait?held=8&timeout_ms=60000");
  sandbox().post("/faults", {{"fault", "bad_request"}, {"count", 4}});
  sandbox().post("/faults", {{"fault", GetParam()}});
  sandbox().post("/gate", {{"open", true}});
  const ProcessResult result = process->wait();
  EXPECT_EQ(result.exit_code, 77) << result.err;
  EXPECT_EQ(result.err.find("takes no rows"), std::string::npos) << result.err;
}

TEST_F(Faults, ALimitOfOneUserAloneCostsThatUserItsTurn) {
  const auto truth = sandbox().get("/truth");
  const std::string openid(truth.at(3).at("openid").as_string());
  sandbox().post("/faults", {{"fault", "rate_limited"}, {"openid", openid}});
  const auto summary = once(75);
  EXPECT_EQ(number(summary, "listings_ok"), 29);
  EXPECT_EQ(query("SELECT openid || ' ' || last_error_code FROM listing WHERE failures > 0"),
            openid + " RATELIMIT_EXCEEDED");
}

}  // namespace
}  // namespace couponsync::test
