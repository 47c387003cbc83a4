#include "e2e/e2e_fixture.h"

#include <boost/json/parse.hpp>

#include <csignal>

namespace couponsync::test {
namespace {

/// Two domains that fail, of the real program over real sockets.
class Domains : public E2eTest {
 protected:
  void start(std::vector<std::string> more) {
    std::vector<std::string> options{"--seed", "41", "--users", "120", "--coupons-max", "60"};
    options.insert(options.end(), more.begin(), more.end());
    start_sandbox(options);
    // Short, so that what hangs does not take long; but eight handshakes at once fit in on a slow machine.
    configure("api", "request_timeout", "5s");
    configure("api", "connect_timeout", "4s");
    configure("sync", "concurrency", 8);
  }
  std::int64_t calls_of(const char* domain) {
    const auto log = sandbox().get("/log");
    std::int64_t calls = 0;
    for (const auto& call : log.as_array()) calls += call.at("domain") == domain ? 1 : 0;
    return calls;
  }
};

/// The primary alone is ill, all the time: everything is completed through the backup.
class IllPrimary : public Domains, public testing::WithParamInterface<const char*> {};

TEST_P(IllPrimary, WastesAHandfulOfCallsWhileItIsIll) {
  start({});
  sandbox().post("/faults", {{"fault", GetParam()}, {"domain", "primary"}});
  const auto summary = once();
  EXPECT_EQ(number(summary, "listings_failed"), 0);
  EXPECT_GE(number(summary, "failovers"), 1);
  EXPECT_LE(calls_of("primary"), 6) << "five until it is avoided, perhaps one that looks whether it is back";
  expect_mirror_equals_sandbox();
}

INSTANTIATE_TEST_SUITE_P(Each, IllPrimary,
                         testing::Values("outage", "hang", "reset", "truncated_body", "html_502",
                                         "system_error"),
                         [](const auto& test) { return std::string(test.param); });

/// There is no primary to talk to.
class UnreachablePrimary : public Domains, public testing::WithParamInterface<const char*> {};

TEST_P(UnreachablePrimary, IsGoneAround) {
  start({});
  configure("api", "primary", GetParam());
  const auto summary = once();
  EXPECT_EQ(number(summary, "listings_failed"), 0);
  EXPECT_LE(number(summary, "failovers"), 6);
  expect_mirror_equals_sandbox();
}

INSTANTIATE_TEST_SUITE_P(Each, UnreachablePrimary,
                         testing::Values("https://no-such-host.invalid", "https://127.0.0.1:1"));

TEST_F(Domains, APrimaryThatCannotProveToBeItIsGoneAround) {
  start({});
  const TemporaryFolder elsewhere;
  const Sandbox impostor(elsewhere.path(), {"--users", "1"});
  const boost::json::object config = impostor.read_config();
  configure("api", "primary", config.at("api").at("primary"));
  const auto summary = once();
  EXPECT_EQ(number(summary, "listings_failed"), 0);
  EXPECT_LE(number(summary, "failovers"), 6);
  EXPECT_EQ(impostor.requests(), 0);
  expect_mirror_equals_sandbox();
}

TEST_F(Domains, SurviveEveryFaultAtOnce) {
  start({});
  for (const char* fault : {"signtest_signature", "reset", "system_error", "truncated_body"})
    sandbox().post("/faults", {{"fault", fault}, {"domain", "both"}, {"probability", 0.05}});
  const auto summary = once();
  EXPECT_EQ(number(summary, "listings_failed"), 0);
  EXPECT_GE(number(summary, "retries"), 10);
  expect_mirror_equals_sandbox();
}

TEST_F(Domains, BothGoneAreWaitedForAndThenEverythingIsCompleted) {
  start({});
  sandbox().post("/faults", {{"fault", "html_503"}, {"domain", "both"}});
  auto process = start_couponsyncd("once");
  sandbox().wait_for_requests(12);  // both are avoided by then, and the first tries are made
  sandbox().clear_faults();
  const ProcessResult result = process->wait();
  EXPECT_EQ(result.exit_code, 0) << result.err;
  expect_mirror_equals_sandbox();
}

TEST_F(Domains, ARefusalOfAThousandListingsCostsThreeCalls) {
  start_sandbox({"--seed", "42", "--users", "1000", "--coupons-max", "1"});
  sandbox().post("/faults", {{"fault", "sign_error"}});
  once(77);
  EXPECT_EQ(sandbox().requests(), 3);
}

TEST_F(Domains, AnOutageIsTheServicesPauseAndNoListingsFailure) {
  start({});
  sandbox().post("/faults", {{"fault", "html_502"}, {"domain", "both"}});
  auto service = start_couponsyncd("run");
  service->wait_for_err("no domain works");
  sandbox().clear_faults();
  service->wait_for_err("calls get through again");
  service->wait_for_err("sync (start) done: 120 of 120 listings read, 0 failed");
  EXPECT_EQ(query("SELECT sum(failures) FROM listing"), "0");
  EXPECT_EQ(service->err().find("failed, again in"), std::string::npos) << service->err();
  expect_mirror_equals_sandbox();
  service->signal(SIGTERM);
  EXPECT_EQ(service->wait().exit_code, 0);
}

TEST_F(Domains, AnOutageThatLastsIsGivenUpByAOnceAsAWhole) {
  start({});
  sandbox().post("/faults", {{"fault", "html_502"}, {"domain", "both"}});
  const ProcessResult result = couponsyncd("once", {"--json"});
  EXPECT_EQ(result.exit_code, 75);
  EXPECT_NE(result.err.find("given up, nothing gets through: SERVER_ERROR, HTTP 502"), std::string::npos)
      << result.err;
  EXPECT_EQ(result.err.find("failed, again in"), std::string::npos) << result.err;
  EXPECT_EQ(query("SELECT count(*) FROM listing WHERE failures > 0 OR last_error IS NOT NULL"), "0");
}

}  // namespace
}  // namespace couponsync::test
