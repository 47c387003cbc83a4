#include "reload_report.h"

#include "support/temporary_folder.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <unistd.h>

namespace couponsync::daemon::test {
namespace {

class ReloadReportTest : public testing::Test {
 protected:
  couponsync::test::TemporaryFolder folder_;
};

TEST_F(ReloadReportTest, CountsTheReloadsOfThisProcess) {
  ReloadReporter reporter(folder_.path());
  EXPECT_EQ(read_reload_report(folder_.path())->reloads, 0);
  reporter.began();
  reporter.reloaded(true, "sync.interval 15m -> 5m");
  reporter.began();
  reporter.reloaded(false, "refused: \"quoted\"");
  const std::optional<ReloadReport> report = read_reload_report(folder_.path());
  ASSERT_TRUE(report);
  EXPECT_EQ(report->pid, getpid());
  EXPECT_EQ(report->begun, 2);
  EXPECT_EQ(report->reloads, 2);
  EXPECT_FALSE(report->accepted);
  EXPECT_EQ(report->message, "refused: \"quoted\"");
}

TEST_F(ReloadReportTest, OfAReloadThatWasUnderWayWhenAnotherWasAskedForIsNoAnswerToThat) {
  ReloadReporter reporter(folder_.path());
  reporter.began();  // it has read the files, and they are changed now
  const ReloadReport before = read_reload_report(folder_.path()).value();
  reporter.reloaded(true, "as the files were");
  EXPECT_FALSE(is_answer(read_reload_report(folder_.path()).value(), before));
  reporter.began();
  EXPECT_FALSE(is_answer(read_reload_report(folder_.path()).value(), before));
  reporter.reloaded(true, "as they are");
  EXPECT_TRUE(is_answer(read_reload_report(folder_.path()).value(), before));
}

TEST_F(ReloadReportTest, IsNothingWithoutAFileOrWithAnother) {
  EXPECT_FALSE(read_reload_report(folder_.path()));
  for (const char* text :
       {"", "{", "[]", "{\"pid\":1}", R"({"pid":1,"reloads":1,"accepted":true,"message":""})",
        R"({"pid":"1","begun":1,"reloads":1,"accepted":true,"message":""})"}) {
    std::ofstream(reload_report_file(folder_.path())) << text;
    EXPECT_FALSE(read_reload_report(folder_.path())) << text;
  }
}

TEST_F(ReloadReportTest, ThatCannotBeKeptSaysSoAndHarmsNothing) {
  EXPECT_EQ(ReloadReporter(folder_.path()).problem(), "");
  EXPECT_NE(ReloadReporter(folder_.path() / "nowhere").problem().find("No such file"), std::string::npos);
}

TEST_F(ReloadReportTest, IsKeptInTheFirstOfSeveralFolders) {
  setenv("RUNTIME_DIRECTORY", "/run/a:/run/b", 1);
  EXPECT_EQ(runtime_folder(), "/run/a");
  unsetenv("RUNTIME_DIRECTORY");
  EXPECT_EQ(runtime_folder(), std::nullopt);
}

TEST_F(ReloadReportTest, IsKeptNowhereWithoutAFolder) { ReloadReporter(std::nullopt).reloaded(true, "fine"); }

}  // namespace
}  // namespace couponsync::daemon::test
