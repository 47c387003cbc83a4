#include "e2e/e2e_fixture.h"

#include <SQLiteCpp/Database.h>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <iterator>
#include <string>

namespace couponsync::test {
namespace {

/// Stops at moments at which the service is busy with its file.
class StopTest : public E2eTest {
 protected:
  /// Ends the service as systemd does, and within the time that is promised.
  static void stop(Process& service) {
    const auto asked = std::chrono::steady_clock::now();
    service.signal(SIGTERM);
    EXPECT_EQ(service.wait().exit_code, 0) << service.err();
    EXPECT_LT(std::chrono::steady_clock::now() - asked, std::chrono::seconds(5));
  }
};

TEST_F(StopTest, DoesNotWaitForAnotherProgramsWriteLock) {
  start_sandbox({"--seed", "62", "--users", "40", "--coupons-max", "60"});
  sandbox().post("/gate", {{"after_requests", 5}});
  auto service = start_couponsyncd("run");
  sandbox().get("/wait?held=8&timeout_ms=60000");
  SQLite::Database other(sandbox().mirror().string(), SQLite::OPEN_READWRITE);
  other.exec("BEGIN IMMEDIATE");
  sandbox().post("/gate", {{"open", true}});
  service->signal(SIGHUP);  // pages that came and a watchlist wait for the lock
  stop(*service);
  other.exec("ROLLBACK");
  once();
  expect_mirror_equals_sandbox();
}

TEST_F(StopTest, DoesNotWaitForAWriteLockWithWhichItCannotEvenStart) {
  start_sandbox({"--seed", "63", "--users", "5", "--coupons-max", "20"});
  once();
  SQLite::Database other(sandbox().mirror().string(), SQLite::OPEN_READWRITE);
  other.exec("BEGIN IMMEDIATE");
  auto service = start_couponsyncd("run");
  service->wait_until_handles(SIGTERM);
  stop(*service);
  other.exec("ROLLBACK");
  once();
  expect_mirror_equals_sandbox();
}

TEST_F(StopTest, LeavesTheLastOfTheReloadsDuringAStartInForce) {
  start_sandbox({"--seed", "64", "--users", "5", "--coupons-max", "20"});
  configure("sync", "max_watchlist_shrink", 1);
  const std::filesystem::path watchlist = sandbox().folder() / "watchlist.txt";
  const auto put = [&](const std::string& openids) {
    const std::filesystem::path next = sandbox().folder() / "next.txt";
    std::ofstream(next, std::ios::trunc) << openids;
    std::filesystem::rename(next, watchlist);
  };
  std::ifstream file(watchlist);
  const std::string users{std::istreambuf_iterator<char>(file), {}};
  std::string many = users;
  for (int i = 0; i < 60'000; ++i) many += "oMany" + std::to_string(i) + "\n";
  put(many);
  auto service = start_couponsyncd("run");
  service->wait_until_handles(SIGTERM);
  put(many + "oOneMore\n");
  service->signal(SIGHUP);
  put(users);
  service->signal(SIGHUP);
  service->wait_for_err("sync (sighup) done: 5 of 5 listings read");
  EXPECT_EQ(query("SELECT count(*) FROM listing WHERE watched = 1"), "5");
  expect_mirror_equals_sandbox();
  stop(*service);
}

}  // namespace
}  // namespace couponsync::test
