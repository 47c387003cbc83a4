#include "log_events.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/ostream_sink.h>

#include <memory>
#include <sstream>

namespace couponsync::daemon {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

class LogEventsTest : public testing::Test {
 protected:
  LogEventsTest() {
    log_->set_pattern("%l %v");
    log_->set_level(spdlog::level::info);
  }
  /// What was logged at info and above since the last call.
  std::vector<std::string> logged() {
    std::vector<std::string> lines;
    std::istringstream in(out_.str());
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    out_.str("");
    return lines;
  }
  static ListingKey listing(const std::string& openid) {
    return {.appid = "wx1",
            .openid = Openid(openid),
            .product_coupon_id = {},
            .stock_id = {},
            .coupon_state = {}};
  }

  std::ostringstream out_;
  std::shared_ptr<spdlog::logger> log_ =
      std::make_shared<spdlog::logger>("test", std::make_shared<spdlog::sinks::ostream_sink_mt>(out_));
  LogEvents events_{log_};
};

TEST_F(LogEventsTest, NameAnOddityOnceWhateverTheListingThePlaceInAListAndTheSync) {
  events_.oddities_found(listing("o1"), {"user_coupon_list[3].stock.remark: a broken text",
                                         "user_coupon_list[4].stock.remark: a broken text",
                                         "user_coupon_list[12].a[0][7]: a broken text"});
  EXPECT_THAT(logged(), ElementsAre(AllOf(HasSubstr("warning listing " + Openid("o1").redacted()),
                                          HasSubstr("user_coupon_list[3].stock.remark: a broken text")),
                                    HasSubstr("user_coupon_list[12].a[0][7]: a broken text")));
  events_.run_started(RunTrigger::interval, 2);
  logged();
  events_.oddities_found(listing("o2"), {"user_coupon_list[0].stock.remark: a broken text",
                                         "user_coupon_list[0].a[1][1]: a broken text"});
  EXPECT_THAT(logged(), IsEmpty());
  events_.oddities_found(listing("o2"),
                         {"user_coupon_list[0].stock.remark: expected a string, found a number"});
  EXPECT_THAT(logged(), SizeIs(1)) << "something else is wrong there";
}

TEST_F(LogEventsTest, DoNotGrowWithTheNamesARepliesMembersHave) {
  for (int i = 0; i < 5'000; ++i)
    events_.oddities_found(listing("o1"), {"user_coupon_list[0].x" + std::to_string(i) + ": what"});
  EXPECT_THAT(logged(), SizeIs(1'000));
}

TEST_F(LogEventsTest, NeverNameAnOpenid) {
  events_.oddities_found(listing("oh-394z-6CGkNoJrsDLTTUKiAnp4"), {"a: what"});
  for (const std::string& line : logged()) EXPECT_THAT(line, Not(HasSubstr("oh-394z")));
}

}  // namespace
}  // namespace couponsync::daemon
