#include "e2e/http_fixture.h"

#include <boost/json/parse.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace couponsync::test {
namespace {

namespace json = boost::json;
using std::chrono::seconds;

/// The service at an interval that is never over, so that whatever it reads again was hinted at.
class HintTest : public ServedTest {
 protected:
  void begin(std::vector<std::string> sandbox_options) {
    prepare(std::move(sandbox_options));
    configure("sync", "interval", "1d");
    start();
    service().wait_for_err("sync (start) done");
  }
  HttpAnswer post(const std::string& path, const std::string& body) const {
    HttpClient client(address());
    client.send("POST " + path +
                " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: " +
                std::to_string(body.size()) + "\r\n\r\n" + body);
    return parse_http_answer(client.receive_all());
  }
  std::string openid(std::size_t user) const {
    return std::string(sandbox_truth().at(user).at("openid").as_string().c_str());
  }
  json::array sandbox_truth() const {
    return const_cast<HintTest*>(this)->sandbox().get("/truth").as_array();
  }
  /// Waits until the query gives that.
  void wait_for(const std::string& sql, const std::string& wanted, seconds at_most = seconds(60)) const {
    const auto deadline = std::chrono::steady_clock::now() + at_most;
    while (query(sql) != wanted) {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline) << sql << " never gave " << wanted;
      std::this_thread::yield();
    }
  }
  int notify(const std::string& kind) {
    return static_cast<int>(
        sandbox().post("/notify", {{"kind", kind}}).at("status").to_number<std::int64_t>());
  }
};

TEST_F(HintTest, HasAUserReadNext) {
  begin({"--seed", "81", "--users", "10", "--coupons-max", "40"});
  const std::string user = openid(3);
  sandbox().post("/mutations", {{"op", "add"}, {"openid", user}, {"count", 2}});
  const std::string before = query("SELECT count(*) FROM coupon WHERE openid = '" + user + "'");
  const HttpAnswer answer = post("/hint", R"({"openids":[")" + user + R"(","ostranger"]})");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "{\"read_next\":1,\"unknown\":1}\n");
  wait_for("SELECT count(*) > " + before + " FROM coupon WHERE openid = '" + user + "'", "1");
  expect_mirror_equals_sandbox();
  EXPECT_EQ(service().err().find(user), std::string::npos);
  EXPECT_EQ(service().err().find("ostranger"), std::string::npos);
  stop();
}

TEST_F(HintTest, ComesFromACommandAsWell) {
  begin({"--seed", "82", "--users", "10", "--coupons-max", "40"});
  for (const std::size_t user : {1U, 2U, 3U})
    sandbox().post("/mutations", {{"op", "add"}, {"openid", openid(user)}, {"count", 1}});
  const std::filesystem::path file = folder() / "changed.txt";
  std::ofstream(file) << "# changed today\n" << openid(2) << "\n" << openid(3) << "\n";
  ProcessResult result = couponsyncd("hint", {openid(1), "--file", file.string()});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.out, "couponsyncd: 3 users are read next\n");
  std::int64_t coupons = 0;
  for (const json::value& user : sandbox_truth())
    coupons += static_cast<std::int64_t>(user.at("coupons").as_array().size());
  wait_for("SELECT count(*) FROM coupon", std::to_string(coupons));
  expect_mirror_equals_sandbox();

  result = couponsyncd("hint", {openid(1), "ostranger"});
  EXPECT_EQ(result.exit_code, 64);
  EXPECT_NE(result.err.find("1 users are on no watchlist"), std::string::npos) << result.err;
  EXPECT_EQ(couponsyncd("hint", {"bad id"}).exit_code, 64);
  EXPECT_EQ(couponsyncd("hint").exit_code, 64);
  EXPECT_EQ(couponsyncd("hint", {"--file", "/nowhere"}).exit_code, 78);
  stop();
  result = couponsyncd("hint", {openid(1)});
  EXPECT_EQ(result.exit_code, 75);
  EXPECT_NE(result.err.find("is it running?"), std::string::npos) << result.err;
  configure("http", "listen", nullptr);
  EXPECT_EQ(couponsyncd("hint", {openid(1)}).exit_code, 78);
}

/// What changes at a sandbox that notifies of it is in the mirror soon, by the mean of what it says itself.
TEST_F(HintTest, OfWechatPaysNotificationsBringsChangesIntoTheMirrorWithinSeconds) {
  begin({"--seed", "83", "--users", "100", "--coupons-max", "60", "--notify", address()});
  constexpr int kChanges = 60;
  for (int i = 0; i < kChanges; ++i) {
    const std::string user = openid(static_cast<std::size_t>(i));
    sandbox().post("/mutations", {{"op", i % 2 == 0 ? "add" : "use"}, {"openid", user}, {"count", 1}});
  }
  const auto deadline = std::chrono::steady_clock::now() + seconds(60);
  const json::array changes = sandbox().get("/changes").as_array();
  std::vector<std::int64_t> delays;
  for (const json::value& change : changes) {
    const std::string row = "FROM coupon WHERE openid = '" +
                            std::string(change.at("openid").as_string().c_str()) + "' AND coupon_code = '" +
                            std::string(change.at("coupon_code").as_string().c_str()) + "' AND stock_id = '" +
                            std::string(change.at("stock_id").as_string().c_str()) + "'";
    const std::int64_t at = change.at("at_ms").to_number<std::int64_t>() / 1000;
    const std::string known = "SELECT count(*) " + row + " AND changed_at >= " + std::to_string(at) +
                              (change.at("op") == "use" ? " AND coupon_state = 'USED'" : "");
    while (query(known) != "1") {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline) << known;
      std::this_thread::yield();
    }
    delays.push_back(std::stoll(query("SELECT changed_at " + row)) - at);
  }
  std::ranges::sort(delays);
  EXPECT_LE(delays.at(delays.size() / 2), 2) << "seconds from the change to the mirror, half of them";
  expect_mirror_equals_sandbox();
  EXPECT_EQ(metrics().at(R"(couponsyncd_hints_total{outcome="known",source="notify"})"), changes.size());
  EXPECT_GT(metrics().at(R"(couponsyncd_hint_delay_seconds_count{source="notify"})"), 0);
  stop();
}

TEST_F(HintTest, IsNotGivenByAForgedReplayedDamagedOrStrangeNotification) {
  begin({"--seed", "84", "--users", "10", "--coupons-max", "40", "--notify", address()});
  const std::int64_t coupons = std::stoll(query("SELECT count(*) FROM coupon"));
  sandbox().post("/mutations", {{"op", "add"}, {"openid", openid(1)}, {"count", 1}});
  wait_for("SELECT count(*) FROM coupon", std::to_string(coupons + 1));
  const std::int64_t requests = sandbox().requests();
  for (const char* kind : {"forged", "damaged", "probe", "stale"}) EXPECT_EQ(notify(kind), 401) << kind;
  for (const char* kind : {"strange", "stranger", "replayed", "repeated"})
    EXPECT_EQ(notify(kind), 204) << kind;
  const auto now = metrics();
  EXPECT_EQ(now.at(R"(couponsyncd_hints_total{outcome="unverified",source="notify"})"), 4);
  EXPECT_EQ(now.at(R"(couponsyncd_hints_total{outcome="unrelated",source="notify"})"), 1);
  EXPECT_EQ(now.at(R"(couponsyncd_hints_total{outcome="unknown",source="notify"})"), 1);
  EXPECT_EQ(now.at(R"(couponsyncd_hints_total{outcome="repeated",source="notify"})"), 2);
  EXPECT_EQ(now.at(R"(couponsyncd_hints_total{outcome="known",source="notify"})"), 1);
  EXPECT_LE(sandbox().requests(), requests + 1) << "but for the second look after the real one";
  expect_mirror_equals_sandbox();
  stop();
}

}  // namespace
}  // namespace couponsync::test
