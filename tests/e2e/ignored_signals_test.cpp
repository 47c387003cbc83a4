#include "e2e/e2e_fixture.h"

#include <gmock/gmock.h>

#include <csignal>

namespace couponsync::test {
namespace {

using testing::HasSubstr;
using testing::Not;

/// What a parent made of the signals before it started the program.
class InheritedSignals : public E2eTest {
 protected:
  /// `couponsyncd COMMAND`, started by another command ("nohup"), which becomes it.
  std::unique_ptr<Process> start_by(const std::vector<std::string>& parent, const std::string& command) {
    std::vector<std::string> arguments = parent;
    for (const std::string& argument :
         {std::string(COUPONSYNC_PROGRAM), command, std::string("--config"), sandbox().config().string()})
      arguments.push_back(argument);
    return std::make_unique<Process>(arguments, folder());
  }
  static std::vector<std::string> ignoring(const std::string& signal) {
    return {"/usr/bin/env", "--ignore-signal=" + signal};
  }
};

struct Case {
  const char* name;
  int number;
};

class Ignored : public InheritedSignals, public testing::WithParamInterface<Case> {};

TEST_P(Ignored, ByTheParentOnceReadsToItsEnd) {
  start_sandbox({"--seed", "97", "--users", "20", "--coupons-max", "60"});
  sandbox().post("/gate", {{"after_requests", 5}});
  auto once = start_by(ignoring(GetParam().name), "once");
  sandbox().get("/wait?held=1&timeout_ms=60000");
  once->signal(GetParam().number);
  once->signal(GetParam().number);
  sandbox().post("/gate", {{"open", true}});
  const ProcessResult result = once->wait();
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("20 of 20 read"));
  expect_mirror_equals_sandbox();
}

TEST_P(Ignored, ByTheParentTheServiceSaysSoAndGoesOn) {
  start_sandbox({"--seed", "98", "--users", "5", "--coupons-max", "10"});
  auto service = start_by(ignoring(GetParam().name), "run");
  service->wait_for_err(std::string("SIG") + GetParam().name + " is ignored");
  service->wait_for_err("sync (start) done");
  service->signal(GetParam().number);
  if (GetParam().number != SIGHUP) {
    service->signal(SIGHUP);
    service->wait_for_err("sync (sighup) done");
    EXPECT_THAT(service->err(), Not(HasSubstr("stopping")));
  }
  service->signal(GetParam().number == SIGTERM ? SIGINT : SIGTERM);
  const ProcessResult result = service->wait();
  EXPECT_EQ(result.exit_code, 0) << result.err;
  if (GetParam().number == SIGHUP) {
    EXPECT_THAT(result.err, Not(HasSubstr("sighup")));
  }
}

INSTANTIATE_TEST_SUITE_P(Each, Ignored,
                         testing::Values(Case{"HUP", SIGHUP}, Case{"INT", SIGINT}, Case{"TERM", SIGTERM}),
                         [](const auto& test) { return std::string(test.param.name); });

TEST_F(InheritedSignals, NohupOnceOutlivesTheEndOfItsTerminal) {
  start_sandbox({"--seed", "99", "--users", "20", "--coupons-max", "60"});
  sandbox().post("/gate", {{"after_requests", 5}});
  auto once = start_by({"/usr/bin/nohup"}, "once");
  sandbox().get("/wait?held=1&timeout_ms=60000");
  once->signal(SIGHUP);
  sandbox().post("/gate", {{"open", true}});
  EXPECT_EQ(once->wait().exit_code, 0);
  expect_mirror_equals_sandbox();
}

TEST_F(InheritedSignals, OnceInTheForegroundStopsAtAHangUp) {
  start_sandbox({"--seed", "99", "--users", "20", "--coupons-max", "60"});
  sandbox().post("/gate", {{"after_requests", 5}});
  auto once = start_couponsyncd("once");
  sandbox().get("/wait?held=1&timeout_ms=60000");
  once->signal(SIGHUP);
  EXPECT_EQ(once->wait().exit_code, 75);
}

TEST_F(InheritedSignals, ThatAreBlockedAreHandledAllTheSame) {
  start_sandbox({"--seed", "100", "--users", "5", "--coupons-max", "10"});
  auto service = start_by({"/usr/bin/env", "--block-signal=TERM,INT,HUP"}, "run");
  service->wait_for_err("sync (start) done");
  service->signal(SIGHUP);
  service->wait_for_err("sync (sighup) done");
  service->signal(SIGTERM);
  EXPECT_EQ(service->wait().exit_code, 0);
}

}  // namespace
}  // namespace couponsync::test
