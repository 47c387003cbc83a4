#include "sync/scheduler_fixture.h"

#include <gmock/gmock.h>

#include <set>

namespace couponsync::test {
namespace {

using Instead = std::optional<Result<HttpReply>>;
using std::chrono::minutes;
using std::chrono::seconds;

HttpReply too_fast(std::optional<int> retry_after = std::nullopt) {
  HttpReply reply = FakeWechatPay::error_reply(429, "RATELIMIT_EXCEEDED");
  if (retry_after) reply.headers.push_back({"Retry-After", std::to_string(*retry_after)});
  return reply;
}

/// Several users whose limit is their own.
class OwnLimits : public SyncTest {
 protected:
  std::filesystem::path fresh_path() const {
    static int number = 0;
    return folder_.path() / ("mirror-" + std::to_string(number++) + ".db");
  }
};

struct Bad {
  int users;
  std::set<std::string> bad;
};

TEST_F(OwnLimits, FailThoseUsersAloneAndEndAOnce) {
  for (const auto& [users, bad] : {Bad{40, {"o3", "o21"}}, Bad{40, {"o0", "o21", "o39"}},
                                   Bad{100, {"o97", "o98", "o99"}}, Bad{40, {"o36", "o37", "o38", "o39"}}}) {
    for (const int concurrency : {1, 4, 32}) {
      SCOPED_TRACE(testing::Message() << bad.size() << " of " << users << ", " << concurrency << " at once");
      const std::filesystem::path path = fresh_path();
      World world(path);
      world.populate(users, [](int) { return 1; });
      world.api.fault = [&, bad = bad](std::size_t, const SeenCall& call) -> Instead {
        if (!bad.contains(call.openid)) return std::nullopt;
        return too_fast();
      };
      const OnceReport report = world.once(concurrency);
      EXPECT_FALSE(report.stopped_by);
      EXPECT_EQ(report.counters.listings_ok, users - std::ssize(bad));
      EXPECT_EQ(report.counters.listings_failed, std::ssize(bad));
      EXPECT_LE(world.env.elapsed(), minutes(10));
    }
  }
}

TEST_F(OwnLimits, WithPausesFailThoseUsersAloneAsWell) {
  for (const std::set<std::string>& bad :
       {std::set<std::string>{"o7"}, {"o7", "o30"}, {"o37", "o38", "o39"}}) {
    for (const int concurrency : {1, 4, 32}) {
      World world(fresh_path());
      world.populate(40, [](int) { return 1; });
      world.api.fault = [&](std::size_t, const SeenCall& call) -> Instead {
        if (!bad.contains(call.openid)) return std::nullopt;
        return too_fast(60);
      };
      const OnceReport report = world.once(concurrency);
      EXPECT_EQ(report.counters.listings_ok, 40 - std::ssize(bad));
      EXPECT_LE(world.env.elapsed(), seconds(60 + 62 * std::ssize(bad))) << bad.size() << " " << concurrency;
    }
  }
}

/// The brand's own, with a pause each time that it is used up.
TEST_F(OwnLimits, AreNotSeenInABrandsLimitThatAsksForPauses) {
  for (const int a_minute : {1, 5, 10, 60}) {
    for (const int concurrency : {1, 2, 16}) {
      World world(fresh_path());
      const int users = std::min(a_minute * 5, 60);
      world.populate(users, [](int) { return 1; });
      std::int64_t window = -1;
      int used = 0;
      world.api.fault = [&](std::size_t, const SeenCall&) -> Instead {
        const auto elapsed = world.env.elapsed();
        const std::int64_t present = elapsed / minutes(1);
        if (std::exchange(window, present) != present) used = 0;
        if (++used <= a_minute) return std::nullopt;
        return too_fast(static_cast<int>((minutes(present + 1) - elapsed) / seconds(1)) + 1);
      };
      const OnceReport report = world.once(concurrency);
      EXPECT_EQ(report.counters.listings_ok, users) << a_minute << " a minute, " << concurrency << " at once";
      EXPECT_TRUE(world.events.failures.empty());
    }
  }
}

class ServiceOwnLimits : public SchedulerTest {
 protected:
  void expect_others_on_time(int users, const std::set<std::string>& bad, std::chrono::nanoseconds from,
                             std::chrono::nanoseconds most) const {
    for (int i = 0; i < users; ++i) {
      const std::string openid = "o" + std::to_string(i);
      if (bad.contains(openid)) continue;
      auto last = from;
      std::chrono::nanoseconds gap{0};
      for (const SeenCall& call : world_->api.calls) {
        const auto at = call.at - world_begin_;
        if (call.openid != openid || at < from) continue;
        gap = std::max(gap, at - last);
        last = at;
      }
      gap = std::max(gap, world_->env.elapsed() - last);
      EXPECT_LE(gap / seconds(1), most / seconds(1)) << openid;
    }
  }
};

TEST_F(ServiceOwnLimits, LetTheOthersBeReadOnTime) {
  const std::set<std::string> bad{"o3", "o21", "o22"};
  world_->interval = minutes(2);
  world_->api.fault = [&](std::size_t, const SeenCall& call) -> Instead {
    if (!bad.contains(call.openid)) return std::nullopt;
    return too_fast();
  };
  start(40);
  run_for(minutes(60));
  expect_others_on_time(40, bad, minutes(2), seconds(150));
}

TEST_F(ServiceOwnLimits, PauseTheOthersOnceAndNeverAgain) {
  const std::set<std::string> bad{"o3"};
  world_->interval = seconds(30);
  world_->api.fault = [&](std::size_t, const SeenCall& call) -> Instead {
    if (!bad.contains(call.openid)) return std::nullopt;
    return too_fast(60);
  };
  start(40);
  run_for(minutes(60));
  expect_others_on_time(40, bad, seconds(100), seconds(40));
  EXPECT_LE(world_->events.pauses.size(), 1U);
}

}  // namespace
}  // namespace couponsync::test
