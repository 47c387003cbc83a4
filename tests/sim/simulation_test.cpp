#include "sim/simulation.h"

#include "sim/shrink.h"
#include "support/sanitized.h"
#include "support/temporary_folder.h"

#include <gtest/gtest.h>

#include <string>

namespace couponsync::sim {
namespace {

class SimulationTest : public testing::Test {
 protected:
  Outcome play(const Schedule& schedule, SimulationOptions options = {}) {
    options.folder = folder_.path() / "mirrors";
    return simulate(schedule, options);
  }

  test::TemporaryFolder folder_;
};

TEST_F(SimulationTest, NoScheduleOfFaultsLosesOrInventsARow) {
  for (std::uint64_t seed = 1; seed <= test::repetitions(300); ++seed)
    EXPECT_EQ(play(make_schedule(seed)).violation.value_or(""), "") << "sim --seed " << seed << " --trace";
}

TEST_F(SimulationTest, TheSameSeedGivesTheSameTrace) {
  for (std::uint64_t seed = 1; seed <= test::repetitions(20); ++seed) {
    const Outcome first = play(make_schedule(seed), {.folder = {}, .trace = true});
    const Outcome second = play(make_schedule(seed), {.folder = {}, .trace = true});
    EXPECT_EQ(first.trace, second.trace) << seed;
    EXPECT_EQ(first.counts, second.counts) << seed;
  }
}

/// An API that never shows what befell a coupon after its first change.
TEST_F(SimulationTest, NoticesALostChangeAndShrinksItsScheduleToTheFewEventsItTakes) {
  const SimulationOptions lossy{.folder = folder_.path() / "mirrors", .trace = false, .last_version = 1};
  int noticed = 0;
  for (std::uint64_t seed = 1; seed <= 60 && noticed < 3; ++seed) {
    const Schedule schedule = make_schedule(seed);
    if (!simulate(schedule, lossy).violation) continue;
    ++noticed;
    const Schedule least = shrink(schedule, lossy);
    EXPECT_TRUE(simulate(least, lossy).violation.has_value());
    EXPECT_GE(least.events.size(), 2U) << seed;  // two changes of one coupon
    EXPECT_LE(least.events.size(), 4U) << seed;  // that may have to come first
  }
  EXPECT_EQ(noticed, 3);
}

}  // namespace
}  // namespace couponsync::sim
