#include "e2e/e2e_fixture.h"
#include "support/sanitized.h"

#include <SQLiteCpp/Database.h>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>

namespace couponsync::test {
namespace {

using std::chrono::milliseconds;

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

  /// A mirror as the first version left it, with so many coupons of users that are watched no more.
  void make_first_version(int coupons) {
    std::ifstream file(std::filesystem::path(COUPONSYNC_SCHEMA) / "001_tables.sql");
    const std::string tables{std::istreambuf_iterator<char>(file), {}};
    SQLite::Database mirror(sandbox().mirror().string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    mirror.exec("PRAGMA journal_mode = WAL");
    mirror.exec(
        "BEGIN;" + tables +
        "PRAGMA application_id = 0x43505344; PRAGMA user_version = 1;"
        "WITH RECURSIVE number (n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM number LIMIT " +
        std::to_string(coupons) +
        ") INSERT INTO coupon (appid, openid, stock_id, coupon_code, coupon_state, raw_json, content_hash,"
        " first_seen_at, changed_at, missing_since)"
        " SELECT 'wx', 'o' || n, 's1', 'c' || n, 'USED', '{}', x'05', 5, 6, 7 FROM number;"
        "INSERT INTO coupon_change (observed_at, coupon_id, kind, to_state)"
        " SELECT 5, id, 'added', 'USED' FROM coupon; COMMIT");
  }
};

TEST_F(StopTest, EndsAMigrationAtAnyMomentAndTheNextStartMigrates) {
  constexpr int kCoupons = repetitions(200'000);
  start_sandbox({"--seed", "61", "--users", "5", "--coupons-max", "20"});
  make_first_version(kCoupons);
  int interrupted = 0;
  for (int moment = 1; query("PRAGMA user_version") == "1"; ++moment) {
    ASSERT_LT(moment, 100);
    auto service = start_couponsyncd("run");
    service->wait_until_handles(SIGTERM);
    std::this_thread::sleep_for(milliseconds(50 * moment * moment));  // that is the moment
    stop(*service);
    if (query("PRAGMA user_version") == "1") ++interrupted;
    EXPECT_EQ(query("SELECT count(*) FROM coupon WHERE openid LIKE 'o%' AND stock_id = 's1'"),
              std::to_string(kCoupons));
  }
  EXPECT_GT(interrupted, 0) << "no stop came while it migrated, so the test tells nothing";
  auto service = start_couponsyncd("run");
  service->wait_until_handles(SIGTERM);  // the last one may have read everything already
  wait_until_all_is_read();
  stop(*service);
  EXPECT_EQ(query("SELECT count(*) FROM coupon_change WHERE coupon_id <= " + std::to_string(kCoupons) +
                  " AND kind = 'added'"),
            std::to_string(kCoupons));
  EXPECT_EQ(query("PRAGMA integrity_check"), "ok");
}

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
