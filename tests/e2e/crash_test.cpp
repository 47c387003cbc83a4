#include "e2e/e2e_fixture.h"

#include <csignal>
#include <map>

namespace couponsync::test {
namespace {

class Crash : public E2eTest {
 protected:
  /// How many pages of each user are committed.
  std::map<std::string, std::int64_t> committed_pages() const {
    std::map<std::string, std::int64_t> pages;
    const std::string all = query("SELECT group_concat(openid || '=' || pages_done, ' ') FROM listing");
    std::istringstream words(all);
    for (std::string word; words >> word;) {
      const auto middle = word.find('=');
      pages[word.substr(0, middle)] = std::stol(word.substr(middle + 1));
    }
    return pages;
  }

  void expect_no_committed_page_asked_again(const std::map<std::string, std::int64_t>& committed,
                                            std::int64_t after) {
    const auto log = sandbox().get("/log?after=" + std::to_string(after));
    for (const auto& call : log.as_array()) {
      const auto known = committed.find(std::string(call.at("openid").as_string()));
      if (known == committed.end()) continue;
      EXPECT_GT(call.at("page").to_number<std::int64_t>(), known->second) << known->first;
    }
  }
};

class KilledOnce : public Crash, public testing::WithParamInterface<int> {};

TEST_P(KilledOnce, GoesOnAtItsBookmarksAndEndsEqual) {
  start_sandbox({"--seed", "21", "--users", "60", "--coupons-max", "130", "--latency-ms", "5"});
  auto process = start_couponsyncd("once");
  sandbox().wait_for_requests(GetParam());
  process->signal(SIGKILL);
  process->wait();
  const auto committed = committed_pages();
  const std::int64_t asked_before = sandbox().requests();
  const auto summary = once();
  EXPECT_EQ(number(summary, "listings_ok"), 60);
  expect_no_committed_page_asked_again(committed, asked_before);
  expect_mirror_equals_sandbox();
}

INSTANTIATE_TEST_SUITE_P(AfterRequests, KilledOnce, testing::Values(30, 55, 80));

TEST_F(Crash, AKilledServiceGoesOnAtItsBookmarks) {
  start_sandbox({"--seed", "22", "--users", "60", "--coupons-max", "130", "--latency-ms", "5"});
  auto first = start_couponsyncd("run");
  sandbox().wait_for_requests(60);
  first->signal(SIGKILL);
  first->wait();
  const auto committed = committed_pages();
  const std::int64_t asked_before = sandbox().requests();
  auto second = start_couponsyncd("run");
  second->wait_for_err("couponsyncd serves");
  wait_until_all_is_read();
  second->signal(SIGTERM);
  EXPECT_EQ(second->wait().exit_code, 0);
  expect_no_committed_page_asked_again(committed, asked_before);
  expect_mirror_equals_sandbox();
}

TEST_F(Crash, ASecondWriterIsRefusedAndToldWhoHasTheMirror) {
  start_sandbox({"--seed", "23", "--users", "3", "--coupons-max", "5"});
  auto service = start_couponsyncd("run");
  service->wait_for_err("done:");
  const ProcessResult second = couponsyncd("once");
  EXPECT_EQ(second.exit_code, 75);
  EXPECT_NE(second.err.find(std::to_string(service->pid())), std::string::npos) << second.err;
}

}  // namespace
}  // namespace couponsync::test
