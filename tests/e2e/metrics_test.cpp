#include "e2e/http_fixture.h"

#include <boost/json/parse.hpp>

#include <fstream>
#include <regex>
#include <set>

namespace couponsync::test {
namespace {

using Metrics = ServedTest;

TEST_F(Metrics, AgreeWithTheMirrorAndWithWhatWasSent) {
  prepare({"--seed", "71", "--users", "30", "--coupons-max", "120"});
  start();
  service().wait_for_err("sync (start) done");
  auto now = metrics();
  EXPECT_EQ(now.at(R"(couponsyncd_rows_total{effect="inserted"})"), in_mirror("SELECT count(*) FROM coupon"));
  EXPECT_EQ(now.at("couponsyncd_pages_total"), in_mirror("SELECT sum(pages) FROM sync_run"));
  EXPECT_EQ(now.at(R"(couponsyncd_calls_total{domain="primary",outcome="ok"})"),
            static_cast<double>(sandbox().requests()));
  EXPECT_EQ(now.at(R"(couponsyncd_call_duration_seconds_count{domain="primary"})"),
            static_cast<double>(sandbox().requests()));
  EXPECT_EQ(now.at(R"(couponsyncd_listings{health="fresh"})"), 30);
  EXPECT_EQ(now.at("couponsyncd_staleness_seconds_count"), 30);
  EXPECT_EQ(now.at(R"(couponsyncd_syncs_total{result="complete",trigger="start"})"), 1);
  EXPECT_EQ(now.at("couponsyncd_last_complete_sync_timestamp_seconds"),
            in_mirror("SELECT finished_at FROM sync_run"));
  EXPECT_EQ(now.at("couponsyncd_calls_in_flight"), 0);
  EXPECT_GT(now.at("couponsyncd_mirror_bytes") + now.at("couponsyncd_wal_bytes"), 0);
  EXPECT_GT(now.at("couponsyncd_quota_requests_per_second"), 0);

  sandbox().post("/mutations", {{"op", "random"}, {"count", 60}});
  service().signal(SIGHUP);
  service().wait_for_err("sync (sighup) done");
  now = metrics();
  EXPECT_GT(now.at(R"(couponsyncd_rows_total{effect="updated"})"), 0);
  for (const std::string effect : {"inserted", "updated", "unchanged", "missing"})
    EXPECT_EQ(now.at("couponsyncd_rows_total{effect=\"" + effect + "\"}"),
              in_mirror("SELECT sum(" + effect + ") FROM sync_run"))
        << effect;
  stop();
}

TEST_F(Metrics, CountWhatGoesWrong) {
  prepare({"--seed", "72", "--users", "20", "--coupons-max", "110"});
  const auto truth = sandbox().get("/truth");
  sandbox().post("/faults", {{"fault", "not_found"}, {"openid", truth.at(3).at("openid")}});
  sandbox().post("/faults", {{"fault", "rate_limited"}, {"count", 2}});
  sandbox().post("/faults", {{"fault", "wrong_signature"}, {"count", 1}});
  start();
  service().wait_for_err("sync (start) done");
  const auto now = metrics();
  EXPECT_EQ(now.at("couponsyncd_rate_limited_total"), 2);
  EXPECT_EQ(now.at(R"(couponsyncd_signature_failures_total{kind="wrong"})"), 1);
  EXPECT_EQ(now.at(R"(couponsyncd_listing_failures_total{failure="not_found"})"), 1);
  EXPECT_EQ(now.at(R"(couponsyncd_listings{health="failing"})"), 1);
  EXPECT_EQ(now.at(R"(couponsyncd_listings{health="fresh"})"), 19);
  EXPECT_EQ(now.at(R"(couponsyncd_syncs_total{result="incomplete",trigger="start"})"), 1);
  double calls = 0;
  for (const auto& [series, value] : now)
    if (series.starts_with("couponsyncd_calls_total")) calls += value;
  EXPECT_EQ(calls, static_cast<double>(sandbox().requests()));
  stop();
}

TEST_F(Metrics, TellThatADomainIsAvoided) {
  prepare({"--seed", "76", "--users", "20", "--coupons-max", "30"});
  sandbox().post("/faults", {{"fault", "outage"}, {"domain", "primary"}});
  start();
  service().wait_for_err("sync (start) done");
  const auto now = metrics();
  EXPECT_EQ(now.at(R"(couponsyncd_domain_avoided{domain="primary"})"), 1);
  EXPECT_EQ(now.at(R"(couponsyncd_domain_avoided{domain="backup"})"), 0);
  EXPECT_GE(now.at(R"(couponsyncd_calls_total{domain="primary",outcome="connect_failed"})"), 5);
  EXPECT_GE(now.at(R"(couponsyncd_calls_total{domain="backup",outcome="ok"})"), 20);
  stop();
}

TEST_F(Metrics, TellTheCallsInFlight) {
  prepare({"--seed", "73", "--users", "20", "--coupons-max", "30"});
  sandbox().post("/gate", {{"after_requests", 2}});
  start();
  sandbox().get("/wait?held=4&timeout_ms=60000");
  EXPECT_GE(metrics().at("couponsyncd_calls_in_flight"), 4);
  EXPECT_EQ(get("/healthz").status, 200);
  EXPECT_EQ(get("/readyz").status, 200);
  sandbox().post("/gate", {{"open", true}});
  service().wait_for_err("sync (start) done");
  EXPECT_EQ(metrics().at("couponsyncd_calls_in_flight"), 0);
  stop();
}

std::set<std::string> words_of(const std::string& text) {
  const std::regex word("[0-9A-Za-z_-]+");
  std::set<std::string> words;
  for (std::sregex_iterator i(text.begin(), text.end(), word), end; i != end; ++i) words.insert(i->str());
  return words;
}

/// Nothing that identifies a user, opens a coupon or proves who calls may be told to whoever reads logs and
/// monitoring.
TEST_F(Metrics, NothingThatIsServedOrLoggedHoldsASecret) {
  prepare({"--seed", "75", "--users", "12", "--coupons-max", "60"});
  configure("log", "level", "trace");
  const auto truth = sandbox().get("/truth");
  sandbox().post("/faults", {{"fault", "not_found"}, {"openid", truth.at(2).at("openid")}});
  for (const char* fault : {"bad_request", "rate_limited", "wrong_signature", "html_502", "expired_token"})
    sandbox().post("/faults", {{"fault", fault}, {"count", 1}});
  start();
  service().wait_for_err("sync (start) done");
  std::string told;
  for (const char* path : {"/metrics", "/status", "/healthz", "/readyz"}) {
    const HttpAnswer answer = get(path);
    EXPECT_EQ(answer.status, 200) << path;
    told += answer.body;
  }
  sandbox().clear_faults();
  sandbox().post("/faults", {{"fault", "sign_error"}});
  service().signal(SIGHUP);
  service().wait_for_err("refuses this brand's calls");
  for (const char* path : {"/metrics", "/status", "/healthz", "/readyz"}) told += get(path).body;
  stop();
  told += service().err() + service().out();

  // Random as well, and public: it names the mirror.
  told = std::regex_replace(told, std::regex(R"("mirror_id":"[0-9a-f]{32}")"), "");
  EXPECT_NE(told.find("page 1"), std::string::npos) << "the trace says too little to be a test";
  const std::set<std::string> words = words_of(told);
  for (const auto& user : truth.as_array()) {
    EXPECT_EQ(told.find(std::string(user.at("openid").as_string())), std::string::npos);
    for (const auto& coupon : user.at("coupons").as_array())
      EXPECT_FALSE(words.contains(std::string(coupon.at("coupon_code").as_string())));
  }
  std::ifstream key(sandbox().folder() / "brand_key.pem");
  for (std::string line; std::getline(key, line);) EXPECT_EQ(told.find(line), std::string::npos);
  for (const char* secret : {"signature=", "nonce_str", "PRIVATE KEY", "WECHATPAY-BRAND"})
    EXPECT_EQ(told.find(secret), std::string::npos) << secret;
  // The sandbox's own nonces, the requests', and base64 as long as a signature.
  for (const char* pattern : {"sandbox[0-9]", "\\b[0-9A-Za-z]{32}\\b", "[0-9A-Za-z+/]{80}"}) {
    std::smatch found;
    EXPECT_FALSE(std::regex_search(told, found, std::regex(pattern))) << found.str();
  }
}

}  // namespace
}  // namespace couponsync::test
