#include "support/sanitized.h"
#include "sync/scheduler_fixture.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <functional>
#include <numeric>
#include <random>
#include <set>

namespace couponsync::test {
namespace {

using Instead = std::optional<Result<HttpReply>>;
using std::chrono::minutes;
using std::chrono::seconds;

HttpReply refused() { return FakeWechatPay::error_reply(403, "NO_AUTH"); }

int number_of(const SeenCall& call) { return std::stoi(call.openid.substr(1)); }

/// Some of 40 users are refused, and the brand is not.
class HalfRefused : public SyncTest {
 protected:
  /// Of so many times that such users are read for the first time, in how many all sending stopped.
  int stops(int times, int bad_users) {
    int count = 0;
    for (int seed = 0; seed < times; ++seed) {
      World world(folder_.path() / (std::to_string(bad_users) + "-" + std::to_string(seed) + ".db"));
      for (int i = 0; i < seed; ++i) world.env.random_unit();
      world.populate(40, [](int) { return 1; });
      std::vector<int> users(40);
      std::iota(users.begin(), users.end(), 0);
      std::shuffle(users.begin(), users.end(), std::mt19937(static_cast<unsigned>(seed)));
      const std::set<int> bad(users.begin(), users.begin() + bad_users);
      world.api.fault = [&](std::size_t, const SeenCall& call) -> Instead {
        if (!bad.contains(number_of(call))) return std::nullopt;
        return refused();
      };
      count += world.once(4).stopped_by ? 1 : 0;
    }
    return count;
  }
};

TEST_F(HalfRefused, NeverStopsTheBrandForTwoUsers) { EXPECT_EQ(stops(repetitions(100), 2), 0); }

TEST_F(HalfRefused, SeldomStopsTheBrandForHalfOfThem) {
  const int times = repetitions(100);
  const int count = stops(times, 20);
  EXPECT_LE(count, times == 100 ? 20 : times / 2)
      << "one in eight to be expected: where the first three calls are for such users";
}

TEST_F(HalfRefused, DoesNotStopEveryOnceOverTheSameMirror) {
  const std::filesystem::path path = folder_.path() / "same.db";
  int stopped = 0;
  for (int i = 0; i < 30; ++i) {
    World world(path);
    for (int skip = 0; skip < i; ++skip) world.env.random_unit();
    world.populate(40, [](int) { return 1; });
    world.api.fault = [&](std::size_t, const SeenCall& call) -> Instead {
      if (number_of(call) >= 20) return std::nullopt;
      return refused();
    };
    stopped += world.once(4).stopped_by ? 1 : 0;
  }
  EXPECT_LE(stopped, 8);
}

/// Whatever a proxy or a firewall in front of the primary says to everybody.
struct Proxy {
  const char* name;
  std::function<HttpReply()> reply;
};

void PrintTo(const Proxy& proxy, std::ostream* out) { *out << proxy.name; }

HttpReply reply_of(int status, std::string body, std::string_view type) {
  HttpReply reply = FakeWechatPay::error_reply(status, "");
  reply.body = std::move(body);
  reply.headers = {{"Content-Type", std::string(type)}};
  return reply;
}

class BeforeThePrimary : public SyncTest, public testing::WithParamInterface<Proxy> {};

TEST_P(BeforeThePrimary, StopsAndFailsNothingWhileTheBackupWorks) {
  for (const int concurrency : {1, 4, 32}) {
    World world(folder_.path() / (std::to_string(concurrency) + ".db"));
    world.populate(40, [](int) { return 1; });
    world.api.fault = [](std::size_t, const SeenCall& call) -> Instead {
      if (call.domain == Domain::backup) return std::nullopt;
      return GetParam().reply();
    };
    const OnceReport report = world.once(concurrency);
    EXPECT_FALSE(report.stopped_by);
    EXPECT_EQ(report.counters.listings_ok, 40);
    EXPECT_TRUE(world.events.failures.empty());
    EXPECT_THAT(world.events.avoided, testing::ElementsAre(Domain::primary));
    EXPECT_LE(world.api.calls.size(), 100U);
    EXPECT_LE(world.env.elapsed(), minutes(2)) << "the pace is obeyed, whoever asks for it";
  }
}

INSTANTIATE_TEST_SUITE_P(
    By, BeforeThePrimary,
    testing::Values(Proxy{"html_403", [] { return reply_of(403, "<html>no</html>", "text/html"); }},
                    Proxy{"html_401", [] { return reply_of(401, "<html>no</html>", "text/html"); }},
                    Proxy{"json_403", [] { return reply_of(403, R"({"error":"no"})", "application/json"); }},
                    Proxy{"empty_401", [] { return reply_of(401, "", "text/plain"); }},
                    Proxy{"empty_403", [] { return reply_of(403, "", "text/plain"); }},
                    Proxy{"empty_400", [] { return reply_of(400, "", "text/plain"); }},
                    Proxy{"json_400", [] { return reply_of(400, R"({"error":"no"})", "application/json"); }},
                    Proxy{"html_429", [] { return reply_of(429, "<html>slow</html>", "text/html"); }},
                    Proxy{"empty_429", [] { return reply_of(429, "", "text/plain"); }},
                    Proxy{"api_401", [] { return FakeWechatPay::error_reply(401, "SIGN_ERROR"); }}),
    [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace couponsync::test
