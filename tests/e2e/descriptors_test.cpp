#include "e2e/e2e_fixture.h"

#include <csignal>
#include <sys/resource.h>

namespace couponsync::test {
namespace {

/// Limits on open files.
class Descriptors : public E2eTest {
 protected:
  void start(std::vector<std::string> more) {
    std::vector<std::string> options{"--seed", "58", "--coupons-max", "30"};
    options.insert(options.end(), more.begin(), more.end());
    start_sandbox(options);
    // Hundreds of handshakes at once take their time on a slow machine.
    configure("api", "connect_timeout", "60s");
    configure("api", "request_timeout", "2m");
    configure("rate", "max_requests_per_second", 5'000);
    configure("rate", "start_requests_per_second", 5'000);
    configure("log", "level", "debug");
  }
  /// `couponsyncd COMMAND` in a shell that limits itself first, such as by "ulimit -Sn 128".
  std::unique_ptr<Process> start_limited(const std::string& limits, const std::string& command) {
    const std::vector<std::string> arguments{
        "/bin/sh", "-c",       limits + " && exec \"$0\" \"$@\"", COUPONSYNC_PROGRAM,
        command,   "--config", sandbox().config().string()};
    return std::make_unique<Process>(arguments, folder());
  }
};

TEST_F(Descriptors, TheSoftLimitIsRaisedToWhatTheConcurrencyNeeds) {
  start({"--users", "200"});
  configure("sync", "concurrency", 200);
  sandbox().post("/gate", {{"after_requests", 1}});
  const auto once = start_limited("ulimit -Sn 128", "once");
  sandbox().get("/wait?held=199&timeout_ms=60000");
  sandbox().post("/gate", {{"open", true}});
  const ProcessResult result = once->wait();
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.err.find("DESCRIPTORS"), std::string::npos) << result.err;
  expect_mirror_equals_sandbox();
}

TEST_F(Descriptors, AConcurrencyThatTheHardLimitDoesNotAllowIsRefusedBeforeAnythingIsSent) {
  start({"--users", "3"});
  configure("sync", "concurrency", 1024);
  for (const char* command : {"once", "run"}) {
    const ProcessResult result = start_limited("ulimit -n 1024", command)->wait();
    EXPECT_EQ(result.exit_code, 78) << command;
    for (const char* said : {"/sync/concurrency", "1024", "LimitNOFILE", "lower it to"})
      EXPECT_NE(result.err.find(said), std::string::npos) << said << " is not in " << result.err;
  }
  EXPECT_EQ(sandbox().requests(), 0);
  const ProcessResult check = start_limited("ulimit -n 1024", "check")->wait();
  EXPECT_NE(check.out.find("look    /sync/concurrency"), std::string::npos) << check.out;
}

TEST_F(Descriptors, AReloadRaisesTheLimitOrIsRefusedAndTheOldConfigurationStays) {
  start({"--users", "3"});
  configure("sync", "concurrency", 8);
  const auto service = start_limited("ulimit -n 600", "run");
  service->wait_for_err("sync (start) done");
  configure("sync", "concurrency", 1024);
  service->signal(SIGHUP);
  service->wait_for_err("the configuration was not reloaded");
  service->wait_for_err("/sync/concurrency");
  service->wait_for_err("sync (sighup) done");
  configure("sync", "concurrency", 100);
  service->signal(SIGHUP);
  service->wait_for_err("configuration reloaded");
  service->signal(SIGTERM);
  EXPECT_EQ(service->wait().exit_code, 0);
}

/// From outside its limit is set below what it holds, while it runs: no connection can be made, no name
/// looked up, no file opened.
TEST_F(Descriptors, RunningOutIsNamedAsWhatItIsBlamedOnNobodyAndHarmsNothing) {
  start({"--users", "6", "--idle-close-ms", "100"});
  boost::json::object config = sandbox().read_config();
  std::string primary(config.at("api").at("primary").as_string());
  primary.replace(primary.find("127.0.0.1"), 9, "localhost");
  configure("api", "primary", boost::json::value(primary));
  configure("sync", "interval", "1s");
  const auto service = start_couponsyncd("run");
  service->wait_for_err("sync (start) done");
  rlimit before{};
  ASSERT_EQ(prlimit(service->pid(), RLIMIT_NOFILE, nullptr, &before), 0);
  rlimit none = before;
  none.rlim_cur = 3;
  ASSERT_EQ(prlimit(service->pid(), RLIMIT_NOFILE, &none, nullptr), 0);
  service->wait_for_err("OUT_OF_DESCRIPTORS");
  service->wait_for_err("LimitNOFILE");
  service->signal(SIGHUP);
  service->wait_for_err("Too many open files");
  sandbox().post("/mutations", {{"op", "random"}, {"count", 10}});
  ASSERT_EQ(prlimit(service->pid(), RLIMIT_NOFILE, &before, nullptr), 0);
  service->signal(SIGHUP);
  service->wait_for_err("sync (sighup) done: ");
  service->signal(SIGTERM);
  const ProcessResult result = service->wait();
  EXPECT_EQ(result.exit_code, 0);
  for (const char* never : {"is avoided", "RESOLVE_FAILED", "CONNECT_FAILED", "TLS_FAILED",
                            "check the machine's DNS", "MIRROR_", "damaged"})
    EXPECT_EQ(result.err.find(never), std::string::npos) << never << " is in " << result.err;
  once();
  expect_mirror_equals_sandbox();
}

}  // namespace
}  // namespace couponsync::test
