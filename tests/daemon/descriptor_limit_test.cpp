#include "descriptor_limit.h"

#include "configuration/configuration_error.h"

#include <gmock/gmock.h>

#include <sys/resource.h>

namespace couponsync::daemon {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

Configuration with_concurrency(int concurrency) {
  Configuration configuration;
  configuration.sync.concurrency = concurrency;
  return configuration;
}

/// Puts the process's soft limit back at the end.
class DescriptorLimit : public testing::Test {
 protected:
  DescriptorLimit() { getrlimit(RLIMIT_NOFILE, &before_); }
  ~DescriptorLimit() override { setrlimit(RLIMIT_NOFILE, &before_); }

  void set_soft(rlim_t soft) const {
    rlimit limit = before_;
    limit.rlim_cur = soft;
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
  }
  static rlim_t soft() {
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    return limit.rlim_cur;
  }

  rlimit before_{};
};

TEST_F(DescriptorLimit, IsAConnectionToEachDomainForEachListingAndSomeMore) {
  EXPECT_EQ(needed_descriptors(with_concurrency(1024)) - needed_descriptors(with_concurrency(24)), 2'000U);
  Configuration without_backup = with_concurrency(1024);
  without_backup.api.backup.reset();
  EXPECT_EQ(needed_descriptors(with_concurrency(1024)) - needed_descriptors(without_backup), 1'024U);
}

TEST_F(DescriptorLimit, LeavesTheDefaultsRoomUnderTheSmallestLimitsThatAreUsual) {
  EXPECT_LE(needed_descriptors(Configuration()), 256U);
  EXPECT_LE(needed_descriptors(with_concurrency(1024)), 4'096U) << "an old hard limit, and the unit's";
}

TEST_F(DescriptorLimit, IsRaisedToWhatIsNeededAndNeverLowered) {
  set_soft(200);
  provide_descriptors(with_concurrency(300));
  EXPECT_EQ(soft(), needed_descriptors(with_concurrency(300)));
  provide_descriptors(with_concurrency(1));
  EXPECT_EQ(soft(), needed_descriptors(with_concurrency(300)));
}

TEST_F(DescriptorLimit, IsNotTouchedWhereItIsEnough) {
  set_soft(before_.rlim_max);
  provide_descriptors(with_concurrency(16));
  EXPECT_EQ(soft(), before_.rlim_max);
}

TEST_F(DescriptorLimit, RefusesAConcurrencyThatTheHardLimitDoesNotAllowAndSaysWhatToDo) {
  EXPECT_THAT(descriptor_objection(with_concurrency(1024), 1'024),
              AllOf(HasSubstr("found 1024"), HasSubstr("needs 2176 file descriptors"),
                    HasSubstr("hard limit is 1024"), HasSubstr("lower it to 448"),
                    HasSubstr("LimitNOFILE=2176"), HasSubstr("ulimit")));
  EXPECT_THAT(descriptor_objection(with_concurrency(448), 1'024), IsEmpty());
  EXPECT_THAT(descriptor_objection(with_concurrency(449), 1'024), Not(IsEmpty()));
  EXPECT_THAT(descriptor_objection(with_concurrency(1), 64),
              AllOf(HasSubstr("hard limit is 64: allow it more"), Not(HasSubstr("lower it"))));
}

}  // namespace
}  // namespace couponsync::daemon
