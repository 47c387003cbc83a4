#include "e2e/e2e_fixture.h"

#include <boost/json/array.hpp>

#include <csignal>

namespace couponsync::test {
namespace {

/// What peers do to connections and replies, and what must never come of it.
class Connections : public E2eTest {
 protected:
  void SetUp() override {
    start_sandbox({"--seed", "57", "--users", "40", "--coupons-max", "110"});
    configure("sync", "concurrency", 4);
    configure("log", "level", "debug");
  }
  std::int64_t replies_with(int status) {
    const auto log = sandbox().get("/log");
    std::int64_t count = 0;
    for (const auto& call : log.as_array()) count += call.at("status") == status ? 1 : 0;
    return count;
  }
};

/// The sandbox refuses a nonce that it has read before, as WeChat Pay does.
TEST_F(Connections, ARequestIsSentOnceThoughItsKeptConnectionTurnsOutStaleAfterItWasRead) {
  sandbox().post("/faults", {{"fault", "stale_after_reading"}, {"count", 6}});
  const auto summary = once();
  EXPECT_EQ(replies_with(401), 0);
  EXPECT_EQ(number(summary, "listings_failed"), 0);
  EXPECT_EQ(number(summary, "failovers"), 0) << "nobody is to blame";
  expect_mirror_equals_sandbox();
}

TEST_F(Connections, ARequestIsSentOnceThoughItsKeptConnectionWasStaleBefore) {
  sandbox().post("/faults", {{"fault", "stale_keepalive"}, {"count", 6}});
  const auto summary = once();
  EXPECT_EQ(replies_with(401), 0);
  EXPECT_EQ(number(summary, "listings_failed"), 0);
  EXPECT_EQ(number(summary, "failovers"), 0);
  expect_mirror_equals_sandbox();
}

TEST_F(Connections, ASignedReplyThatNobodyAskedForIsNeverStoredAsTheNextUsersPage) {
  sandbox().post("/faults", {{"fault", "extra_reply"}, {"probability", 0.5}});
  EXPECT_EQ(number(once(), "listings_failed"), 0);
  expect_mirror_equals_sandbox();
  EXPECT_EQ(query("SELECT count(*) FROM coupon WHERE missing_since IS NOT NULL"), "0");
}

TEST_F(Connections, ASignedReplyThatIsPlayedAgainIsRefusedAndThePageAskedForAgain) {
  configure("sync", "concurrency", 1);
  const auto before = once();
  sandbox().post("/mutations", {{"op", "random"}, {"count", 40}});
  sandbox().post("/faults", {{"fault", "replayed_reply"}, {"probability", 0.3}, {"count", 5}});
  const ProcessResult result = couponsyncd("once", {"--json"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_NE(result.err.find("REPLY_REPLAYED"), std::string::npos);
  EXPECT_EQ(result.err.find("is avoided"), std::string::npos);
  sandbox().clear_faults();
  once();
  expect_mirror_equals_sandbox();
}

TEST_F(Connections, AReplyOfBeforeAReloadIsKnownAfterIt) {
  configure("sync", "concurrency", 1);
  auto service = start_couponsyncd("run");
  service->wait_for_err("sync (start) done");
  // The last page of that sync comes again, in place of another user's.
  sandbox().post("/faults", {{"fault", "replayed_reply"}, {"count", 1}});
  service->signal(SIGHUP);
  service->wait_for_err("sync (sighup) done");
  EXPECT_NE(service->err().find("REPLY_REPLAYED"), std::string::npos) << service->err();
  service->signal(SIGTERM);
  EXPECT_EQ(service->wait().exit_code, 0);
  expect_mirror_equals_sandbox();
}

}  // namespace
}  // namespace couponsync::test
