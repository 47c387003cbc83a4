#include "sync/scheduler_fixture.h"

#include <set>

namespace couponsync::test {
namespace {

using Instead = std::optional<Result<HttpReply>>;
using std::chrono::minutes;
using std::chrono::seconds;

/// Some of 40 users fail for good, and both domains work.
class FewFailing : public SchedulerTest {
 protected:
  void serve(int bad_users, const std::function<Instead()>& failure, std::chrono::milliseconds latency) {
    const auto is_bad = [bad_users](const SeenCall& call) {
      return std::stoi(call.openid.substr(1)) % (40 / bad_users) == 0;
    };
    world_->interval = seconds(30);
    world_->api.latency_of = [=](const SeenCall& call) {
      return is_bad(call) ? latency : std::chrono::milliseconds(100);
    };
    world_->api.fault = [=](std::size_t, const SeenCall& call) -> Instead {
      if (!is_bad(call)) return std::nullopt;
      return failure();
    };
    start(40);
    run_for(minutes(20));
  }
};

Instead hung() {
  Failure failure;
  failure.kind = FailureKind::timed_out;
  return failure;
}

TEST_F(FewFailing, ThatHangAreNoOutage) {
  serve(8, hung, seconds(20));
  EXPECT_TRUE(world_->events.pauses.empty());
  EXPECT_EQ(query("SELECT count(*) FROM listing WHERE failures > 0"), "8");
}

TEST_F(FewFailing, OnAServerErrorAreNoOutage) {
  serve(4, [] { return FakeWechatPay::error_reply(500, "SYSTEM_ERROR"); }, std::chrono::milliseconds(100));
  EXPECT_TRUE(world_->events.pauses.empty());
  EXPECT_EQ(query("SELECT count(*) FROM listing WHERE failures > 0"), "4");
}

class ServicePace : public SchedulerTest {};

TEST_F(ServicePace, ThatIsRaisedIsInForceAtOnce) {
  world_->rate = RateController({0.001, 0.001, 1.0}, world_->env.steady_now());
  start(20);
  run_for(seconds(30));
  EXPECT_EQ(world_->api.calls.size(), 1U);
  world_->rate.reconfigure({100, 100, 1.0}, world_->env.steady_now());
  scheduler_->reload(world_->plan());
  run_for(seconds(10));
  EXPECT_EQ(mirrored_coupons(path_).size(), 20U);
}

class SignedTime : public SyncTest {};

TEST_F(SignedTime, IsBelievedAndAProxysDateIsNot) {
  World world(path_);
  world.populate(1, [](int) { return 1; });
  HttpReply reply = world.api.page_for({.domain = Domain::primary, .openid = "o0"});
  reply.headers.push_back({"Date", "Sun, 06 Nov 1994 08:49:37 GMT"});
  const ListingKey key = world.watchlist().front();
  const std::optional<std::string> first_page;
  const auto lead = [&](const HttpReply& instead) {
    world.api.fault = [&](std::size_t, const SeenCall&) -> Instead { return instead; };
    Answer answer = world.driver.run(world.make_session()->exchange.call(Domain::primary, key, first_page));
    return answer.clock_lead;
  };
  const auto signed_lead = lead(reply);
  ASSERT_TRUE(signed_lead);
  EXPECT_LE(std::chrono::abs(*signed_lead), seconds(1));
  reply.status = 502;
  reply.body = "<html>";
  EXPECT_FALSE(lead(reply));
  reply.status = 401;
  reply.body = R"({"code":"SIGN_ERROR","message":"m"})";
  EXPECT_GT(lead(reply), seconds(1'000'000));
}

}  // namespace
}  // namespace couponsync::test
