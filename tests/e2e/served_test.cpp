#include "e2e/http_fixture.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/json/parse.hpp>
#include <gmock/gmock.h>

#include <ctime>
#include <fcntl.h>
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
using testing::HasSubstr;

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

TEST_F(Served, APortThatIsTakenAtTheStartIsSaidLoudlyAndServedAsSoonAsItIsFree) {
  asio::io_context context;
  tcp::acceptor other(context, {asio::ip::address_v4::loopback(), 0});
  fcntl(other.native_handle(), F_SETFD, FD_CLOEXEC);  // or the service would have it, too
  start_sandbox({"--seed", "83", "--users", "3", "--coupons-max", "5"});
  const std::string taken = "127.0.0.1:" + std::to_string(other.local_endpoint().port());
  listen_on(taken);
  start();
  service().wait_for_err("are not served: " + taken + " cannot be listened on: Address already in use");
  EXPECT_THAT(service().err(), HasSubstr(" error "));
  service().wait_for_err("sync (start) done");
  expect_mirror_equals_sandbox();
  other.close();
  service().wait_for_err("are at " + taken + " now");
  EXPECT_EQ(ask(taken, "/readyz").status, 200);
  stop();
}

TEST_F(Served, AFolderThatIsNotThereAtTheStartIsWaitedFor) {
  prepare({"--seed", "88", "--users", "3", "--coupons-max", "5"});
  const std::string late = "unix:" + (folder() / "late" / "http.sock").string();
  listen_on(late);
  start();
  service().wait_for_err("cannot be listened on: No such file or directory");
  service().wait_for_err("sync (start) done");
  fs::create_directory(folder() / "late");
  service().wait_for_err("are at " + late + " now");
  EXPECT_EQ(ask(late, "/healthz").status, 200);
  stop();
}

TEST_F(Served, OnceDoesNotListen) {
  prepare({"--seed", "89", "--users", "3", "--coupons-max", "5"});
  sandbox().post("/gate", {{"after_requests", 1}});
  auto once = start_couponsyncd("once");
  sandbox().get("/wait?held=1&timeout_ms=60000");
  EXPECT_FALSE(fs::exists(address().substr(5)));
  sandbox().post("/gate", {{"open", true}});
  EXPECT_EQ(once->wait().exit_code, 0);
}

TEST_F(Served, TheSocketIsForTheGroupAndReplacesOneThatAKillLeft) {
  prepare({"--seed", "84", "--users", "3", "--coupons-max", "10"});
  start();
  service().wait_for_err("sync (start) done");
  const fs::path path = address().substr(5);
  struct stat made{};
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

TEST_F(Served, AReloadMovesItAndWaitsForAnAddressThatIsTaken) {
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
  auto other = std::make_unique<asio::local::stream_protocol::acceptor>(context, taken);
  listen_on("unix:" + taken);
  configure("sync", "interval", "20m");
  service().signal(SIGHUP);
  service().wait_for_err("sync.interval 15m -> 20m");
  service().wait_for_err("another process listens there; it is tried again, and " + moved +
                         " is served meanwhile");
  EXPECT_EQ(ask(moved, "/healthz").status, 200);
  other.reset();
  service().wait_for_err("are at unix:" + taken + " now");
  EXPECT_EQ(ask("unix:" + taken, "/healthz").status, 200);
  EXPECT_FALSE(fs::exists(moved.substr(5)));
  stop();
}

TEST_F(Served, AReloadWithAMalformedAddressIsRefusedWhole) {
  prepare({"--seed", "90", "--users", "4", "--coupons-max", "10"});
  start();
  service().wait_for_err("sync (start) done");
  listen_on("127.0.0.1");
  configure("log", "level", "error");
  service().signal(SIGHUP);
  service().wait_for_err("the old one stays in force: /http/listen");
  EXPECT_EQ(get("/healthz").status, 200);
  stop();
  EXPECT_THAT(service().err(), HasSubstr("stopped")) << "the log's level did not change either";
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
