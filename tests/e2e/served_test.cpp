#include "e2e/http_fixture.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/json/parse.hpp>

#include <ctime>
#include <filesystem>
#include <memory>
#include <sys/resource.h>
#include <sys/stat.h>

namespace couponsync::test {
namespace {

namespace asio = boost::asio;
namespace fs = std::filesystem;
using asio::ip::tcp;
using Served = ServedTest;

boost::json::object without_ages(const std::string& text) {
  boost::json::object status = boost::json::parse(text).as_object();
  for (const char* member : {"now", "staleness_seconds", "file_bytes", "wal_bytes"}) status.erase(member);
  return status;
}

TEST_F(Served, StatusIsThatOfTheCommand) {
  prepare({"--seed", "81", "--users", "15", "--coupons-max", "60"});
  start();
  service().wait_for_err("sync (start) done");
  const HttpAnswer answer = get("/status");
  EXPECT_EQ(answer.headers.at("Content-Type"), "application/json");
  EXPECT_EQ(without_ages(answer.body), without_ages(couponsyncd("status", {"--json"}).out));
  stop();
}

TEST_F(Served, RefusedCredentialsAreNotReadyUntilTheyAreAccepted) {
  prepare({"--seed", "82", "--users", "5", "--coupons-max", "20"});
  sandbox().post("/faults", {{"fault", "sign_error"}});
  start();
  service().wait_for_err("refuses this brand's calls");
  const HttpAnswer refused = get("/readyz");
  EXPECT_EQ(refused.status, 503);
  EXPECT_NE(refused.body.find("CREDENTIALS_REFUSED, HTTP 401"), std::string::npos) << refused.body;
  EXPECT_EQ(get("/healthz").status, 200);
  EXPECT_EQ(metrics().at("couponsyncd_sending_stopped"), 1);
  sandbox().clear_faults();
  service().signal(SIGHUP);
  service().wait_for_err("sync (sighup) done");
  EXPECT_EQ(get("/readyz").body, "ready\n");
  EXPECT_EQ(metrics().at("couponsyncd_sending_stopped"), 0);
  stop();
}

TEST_F(Served, AnHourOfRetryAfterIsAMinutesPauseThatIsSaidEverywhere) {
  prepare({"--seed", "88", "--users", "30", "--coupons-max", "20"});
  sandbox().post("/faults", {{"fault", "rate_limited"}, {"retry_after_s", 3600}, {"count", 1}});
  const auto before = static_cast<double>(std::time(nullptr));
  start();
  service().wait_for_err("WeChat Pay asks for a pause: RATE_LIMITED");
  const HttpAnswer ready = get("/readyz");
  EXPECT_EQ(ready.status, 503);
  EXPECT_NE(ready.body.find("nothing is sent until"), std::string::npos) << ready.body;
  EXPECT_EQ(get("/healthz").status, 200);
  const auto now = metrics();
  EXPECT_EQ(now.at(R"(couponsyncd_sending_paused{reason="too_fast"})"), 1);
  const double until = now.at("couponsyncd_sending_paused_until_timestamp_seconds");
  EXPECT_GE(until, before + 59);
  EXPECT_LE(until, static_cast<double>(std::time(nullptr)) + 61);
  stop();
}

/// How large a file of that process may become.
void limit_files(pid_t process, rlim_t bytes) {
  rlimit limit{};
  ASSERT_EQ(prlimit(process, RLIMIT_FSIZE, nullptr, &limit), 0);
  limit.rlim_cur = bytes;
  ASSERT_EQ(prlimit(process, RLIMIT_FSIZE, &limit, nullptr), 0);
}

TEST_F(Served, AMirrorThatTakesNoRowsIsNotReadyUntilItTakesThem) {
  prepare({"--seed", "87", "--users", "5", "--coupons-max", "60"});
  start();
  service().wait_for_err("sync (start) done");
  EXPECT_EQ(get("/readyz").status, 200);
  sandbox().post("/mutations", {{"op", "random"}, {"count", 60}});
  limit_files(service().pid(), 8'192);
  service().signal(SIGHUP);
  service().wait_for_err("the mirror takes no rows");
  const HttpAnswer stopped = get("/readyz");
  EXPECT_EQ(stopped.status, 503);
  EXPECT_NE(stopped.body.find("the mirror takes no rows: MIRROR_UNWRITABLE"), std::string::npos)
      << stopped.body;
  EXPECT_EQ(get("/healthz").status, 200);
  EXPECT_EQ(metrics().at("couponsyncd_writing_stopped"), 1);
  limit_files(service().pid(), RLIM_INFINITY);
  service().signal(SIGHUP);
  service().wait_for_err("sync (sighup) done: 5 of 5 listings read, 0 failed");
  EXPECT_EQ(get("/readyz").status, 200);
  EXPECT_EQ(metrics().at("couponsyncd_writing_stopped"), 0);
  expect_mirror_equals_sandbox();
  stop();
}

TEST_F(Served, APortThatIsTakenIsAnErrorAtTheStart) {
  asio::io_context context;
  const tcp::acceptor other(context, {asio::ip::address_v4::loopback(), 0});
  start_sandbox({"--seed", "83", "--users", "1", "--coupons-max", "5"});
  listen_on("127.0.0.1:" + std::to_string(other.local_endpoint().port()));
  const ProcessResult result = couponsyncd("run");
  EXPECT_EQ(result.exit_code, 78);
  EXPECT_NE(result.err.find("/http/listen"), std::string::npos) << result.err;
  EXPECT_NE(result.err.find("Address already in use"), std::string::npos) << result.err;
  EXPECT_EQ(sandbox().requests(), 0);
}

TEST_F(Served, TheSocketIsForTheGroupAndReplacesOneThatAKillLeft) {
  prepare({"--seed", "84", "--users", "3", "--coupons-max", "10"});
  start();
  service().wait_for_err("sync (start) done");
  const fs::path path = address().substr(5);
  struct stat made {};
  ASSERT_EQ(lstat(path.c_str(), &made), 0);
  EXPECT_EQ(made.st_mode & 07777U, 0660U);
  service().signal(SIGKILL);
  service().wait();
  ASSERT_TRUE(fs::exists(path));
  start();
  service().wait_for_err("serves");
  EXPECT_EQ(get("/healthz").status, 200);
  stop();
  EXPECT_FALSE(fs::exists(path));
}

TEST_F(Served, AReloadMovesItOrIsRefusedWhole) {
  prepare({"--seed", "85", "--users", "4", "--coupons-max", "10"});
  start();
  service().wait_for_err("sync (start) done");
  const std::string moved = "unix:" + (folder() / "moved.sock").string();
  listen_on(moved);
  service().signal(SIGHUP);
  service().wait_for_err("configuration reloaded");
  EXPECT_EQ(ask(moved, "/healthz").status, 200);
  EXPECT_FALSE(fs::exists(address().substr(5)));

  asio::io_context context;
  const std::string taken = (folder() / "taken.sock").string();
  const asio::local::stream_protocol::acceptor other(context, taken);
  listen_on("unix:" + taken);
  configure("log", "level", "error");
  service().signal(SIGHUP);
  service().wait_for_err("the old one stays in force: /http/listen");
  EXPECT_NE(service().err().find("another process listens there"), std::string::npos);
  EXPECT_EQ(ask(moved, "/healthz").status, 200);
  stop();
  EXPECT_NE(service().err().find("stopped"), std::string::npos) << "the log's level did not change either";
}

TEST_F(Served, SlowClientsCostTheSyncNothing) {
  prepare({"--seed", "86", "--users", "40", "--coupons-max", "110"});
  sandbox().post("/gate", {{"after_requests", 5}});
  start();
  sandbox().get("/wait?held=8&timeout_ms=60000");
  std::vector<std::unique_ptr<HttpClient>> slow;
  for (int i = 0; i < 100; ++i) {
    slow.push_back(std::make_unique<HttpClient>(address()));
    slow.back()->send(i % 2 == 0 ? "GET /metrics HTTP/1.1\r\nSlow:" : "GET /metrics HTTP/1.1\r\n\r\n");
  }
  EXPECT_EQ(get("/healthz").status, 200);
  sandbox().post("/gate", {{"open", true}});
  service().wait_for_err("sync (start) done");
  EXPECT_EQ(get("/metrics").status, 200);
  expect_mirror_equals_sandbox();
  stop();
}

}  // namespace
}  // namespace couponsync::test
