#include "e2e/e2e_fixture.h"

#include <gmock/gmock.h>

#include <sstream>

namespace couponsync::test {
namespace {

using testing::Each;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::MatchesRegex;
using testing::Not;

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

class Log : public E2eTest {
 protected:
  /// stderr is what JOURNAL_STREAM names, as for a service of systemd.
  ProcessResult to_the_journal(const std::string& arguments) {
    return run_process({"/bin/sh", "-c",
                        "JOURNAL_STREAM=$(stat -L -c %d:%i /proc/self/fd/2) exec " COUPONSYNC_PROGRAM " " +
                            arguments + " --config " + sandbox().config().string()},
                       folder());
  }
};

TEST_F(Log, ToTheJournalHasThePriorityOfEachLineAndNoTime) {
  start_sandbox({"--seed", "57", "--users", "3", "--coupons-max", "5"});
  const ProcessResult once = to_the_journal("once");
  EXPECT_EQ(once.exit_code, 0) << once.err;
  EXPECT_THAT(lines_of(once.err), Not(IsEmpty()));
  EXPECT_THAT(lines_of(once.err), Each(MatchesRegex("<6>sync .*")));
}

TEST_F(Log, ToTheJournalHasThePriorityOnEachLineOfOneMessage) {
  start_sandbox({"--seed", "58", "--users", "3", "--coupons-max", "5"});
  configure("sync", "concurrency", 0);
  configure("api", "page_size", 0);
  const ProcessResult refused = to_the_journal("run");
  EXPECT_EQ(refused.exit_code, 78);
  EXPECT_THAT(refused.err, HasSubstr("/api/page_size"));
  EXPECT_THAT(refused.err, HasSubstr("/sync/concurrency"));
  EXPECT_THAT(lines_of(refused.err), Each(MatchesRegex("<[23]>.*")));
}

TEST_F(Log, ElsewhereHasATimeWhateverTheEnvironmentSaysOfAJournal) {
  start_sandbox({"--seed", "59", "--users", "3", "--coupons-max", "5"});
  auto once = start_couponsyncd("once", {}, {"JOURNAL_STREAM=1:1"});
  const ProcessResult result = once->wait();
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(lines_of(result.err), Not(IsEmpty()));
  EXPECT_THAT(lines_of(result.err), Each(MatchesRegex("20..-..-..T..:..:..\\....[-+].*")));
}

}  // namespace
}  // namespace couponsync::test
