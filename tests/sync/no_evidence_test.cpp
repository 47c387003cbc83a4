#include "sync/sync_fixture.h"

namespace couponsync::test {
namespace {

using namespace std::chrono_literals;
using enum FailureKind;

/// Failures that say nothing about the domain, neither that it is down nor that it is back.
class NoEvidence : public SyncTest, public testing::WithParamInterface<FailureKind> {
 protected:
  NoEvidence() {
    world_.populate(40, [](int) { return 1; });
    world_.api.latency = 10s;
  }
  static Result<HttpReply> failure(FailureKind kind) {
    Failure failure;
    failure.kind = kind;
    failure.detail = "as asked";
    return failure;
  }

  World world_{path_};
};

TEST_P(NoEvidence, DoesNotBringADomainBackThatIsDown) {
  int calls = 0;
  world_.api.fault = [&](std::size_t, const SeenCall& call) -> std::optional<Result<HttpReply>> {
    if (call.domain == Domain::backup) return std::nullopt;
    return failure(++calls <= 5 ? connection_lost : GetParam());
  };
  world_.once(1);
  EXPECT_GT(calls, 8) << "it was tried several times whether it is back";
  EXPECT_EQ(world_.events.avoided, std::vector{Domain::primary});
  EXPECT_TRUE(world_.events.back.empty());
}

TEST_P(NoEvidence, DoesNotMakeADomainAvoidedThatWorks) {
  int calls = 0;
  world_.api.fault = [&](std::size_t, const SeenCall&) -> std::optional<Result<HttpReply>> {
    if (++calls % 3 == 0) return std::nullopt;
    return failure(GetParam());
  };
  world_.once(1);
  EXPECT_TRUE(world_.events.avoided.empty());
}

INSTANTIATE_TEST_SUITE_P(Of, NoEvidence, testing::Values(out_of_descriptors, reply_replayed),
                         [](const auto& info) { return std::string(rule_of(info.param).name); });

}  // namespace
}  // namespace couponsync::test
