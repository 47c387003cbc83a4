#include "store/mirror_fixture.h"

#include <gtest/gtest.h>

namespace couponsync {
namespace {

class MirrorQuota : public MirrorTest {
 protected:
  static LearnedQuota quota(double pace) {
    return {.requests_per_second = pace,
            .peak_requests_per_second = pace + 1,
            .last_cut_at = 1'750'000'100,
            .observed_at = 1'750'000'200};
  }
};

TEST_F(MirrorQuota, IsUnknownInANewMirror) { EXPECT_FALSE(mirror.learned_quota()); }

TEST_F(MirrorQuota, IsKnownAgainAfterARestart) {
  mirror.keep_quota(quota(20));
  mirror.keep_quota(quota(52.5));
  reopen();
  const std::optional<LearnedQuota> kept = mirror.learned_quota();
  ASSERT_TRUE(kept);
  EXPECT_EQ(kept->requests_per_second, 52.5);
  EXPECT_EQ(kept->peak_requests_per_second, 53.5);
  EXPECT_EQ(kept->last_cut_at, 1'750'000'100);
  EXPECT_EQ(kept->observed_at, 1'750'000'200);
  EXPECT_EQ(value(path, "SELECT count(*) FROM learned_quota"), "1");
}

}  // namespace
}  // namespace couponsync
