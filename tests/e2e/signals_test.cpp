#include "e2e/e2e_fixture.h"

#include <boost/json/array.hpp>

#include <chrono>
#include <csignal>
#include <fstream>

namespace couponsync::test {
namespace {

class Service : public E2eTest {
 protected:
  std::string openids_known() { return query("SELECT count(*) FROM listing WHERE watched = 1"); }

  /// Leaves only the first `count` openids on the watchlist; returns the whole list as it was.
  std::string shorten_watchlist(int count) {
    const std::filesystem::path path = sandbox().folder() / "watchlist.txt";
    std::ifstream file(path);
    const std::string all{std::istreambuf_iterator<char>(file), {}};
    std::istringstream lines(all);
    std::ofstream shortened(path, std::ios::trunc);
    std::string line;
    for (int i = 0; i < count && std::getline(lines, line);)
      if (!line.empty() && line[0] != '#') {
        shortened << line << "\n";
        ++i;
      }
    return all;
  }

  void write_watchlist(const std::string& text) {
    std::ofstream(sandbox().folder() / "watchlist.txt", std::ios::trunc) << text;
  }
};

TEST_F(Service, AHangUpDuringASyncPicksUpNewOpenidsAndSyncsEverythingOnceMore) {
  start_sandbox({"--seed", "41", "--users", "40", "--coupons-max", "60"});
  const std::string all = shorten_watchlist(10);
  sandbox().post("/gate", {{"after_requests", 3}});
  auto service = start_couponsyncd("run");
  sandbox().get("/wait?held=1&timeout_ms=60000");
  write_watchlist(all);
  service->signal(SIGHUP);
  service->wait_for_err("configuration reloaded");
  service->signal(SIGHUP);
  sandbox().post("/gate", {{"open", true}});
  service->wait_for_err("sync (sighup) done: 40 of 40 listings read");
  EXPECT_LE(std::stoi(query("SELECT count(*) FROM sync_run WHERE \"trigger\" = 'sighup'")), 2);
  EXPECT_EQ(openids_known(), "40");
  expect_mirror_equals_sandbox();
  service->signal(SIGTERM);
  EXPECT_EQ(service->wait().exit_code, 0);
}

TEST_F(Service, AnInvalidConfigurationIsRefusedWholeAndSaysWhy) {
  start_sandbox({"--seed", "42", "--users", "5", "--coupons-max", "20"});
  auto service = start_couponsyncd("run");
  service->wait_for_err("sync (start) done");
  const std::string all = shorten_watchlist(2);
  configure("sync", "concurrency", 0);
  service->signal(SIGHUP);
  service->wait_for_err("the old one stays in force");
  EXPECT_NE(service->err().find("/sync/concurrency"), std::string::npos) << service->err();
  service->wait_for_err("sync (sighup) done");
  EXPECT_EQ(openids_known(), "5");
  service->signal(SIGTERM);
  EXPECT_EQ(service->wait().exit_code, 0);
}

TEST_F(Service, AReloadCommandReturnsWhenItIsDoneAndSaysWhatBecameOfIt) {
  start_sandbox({"--seed", "44", "--users", "10", "--coupons-max", "5"});
  const std::string all = shorten_watchlist(8);
  const std::string runtime = "RUNTIME_DIRECTORY=" + folder().string();
  const auto reload = [&] { return run_process({COUPONSYNC_PROGRAM, "reload"}, folder(), {runtime}); };
  EXPECT_EQ(reload().exit_code, 64) << "no service yet";
  auto service = start_couponsyncd("run", {}, {runtime});
  service->wait_for_err("sync (start) done");

  write_watchlist(all);
  configure("sync", "interval", "20m");
  const ProcessResult accepted = reload();
  EXPECT_EQ(accepted.exit_code, 0) << accepted.err;
  EXPECT_EQ(accepted.out,
            "couponsyncd: configuration reloaded: sync.interval 15m -> 20m, 2 openids added, 0 removed "
            "(2 listings added, 0 removed)\n");
  service->wait_for_err("sync (sighup) done");
  EXPECT_EQ(openids_known(), "10");

  configure("sync", "concurrency", 0);
  const ProcessResult refused = reload();
  EXPECT_EQ(refused.exit_code, 78);
  EXPECT_NE(refused.err.find("/sync/concurrency"), std::string::npos) << refused.err;

  service->signal(SIGTERM);
  EXPECT_EQ(service->wait().exit_code, 0);
  EXPECT_EQ(reload().exit_code, 64) << "the service is gone";
}

TEST_F(Service, AReloadRefusesByNameWhatNeedsARestartAndAppliesTheRest) {
  start_sandbox({"--seed", "45", "--users", "10", "--coupons-max", "5"});
  const std::string all = shorten_watchlist(8);
  const std::string runtime = "RUNTIME_DIRECTORY=" + folder().string();
  auto service = start_couponsyncd("run", {}, {runtime});
  service->wait_for_err("sync (start) done");

  write_watchlist(all);
  configure("mirror", "durability", "normal");
  const ProcessResult reload = run_process({COUPONSYNC_PROGRAM, "reload"}, folder(), {runtime});
  EXPECT_EQ(reload.exit_code, 78);
  EXPECT_EQ(reload.err,
            "couponsyncd: configuration reloaded: 2 openids added, 0 removed (2 listings added, 0 removed); "
            "not reloaded, because it needs a restart: mirror.durability full -> normal\n");
  service->wait_for_err("sync (sighup) done");
  EXPECT_EQ(openids_known(), "10");
  service->signal(SIGTERM);
  EXPECT_EQ(service->wait().exit_code, 0);
}

TEST_F(Service, AReloadRefusesTheBrandsOwnPublicKeyInThePlaceOfWeChatPays) {
  start_sandbox({"--seed", "47", "--users", "5", "--coupons-max", "5"});
  const std::string runtime = "RUNTIME_DIRECTORY=" + folder().string();
  auto service = start_couponsyncd("run", {}, {runtime});
  service->wait_for_err("sync (start) done");
  const std::filesystem::path keys = sandbox().folder();
  std::filesystem::create_directory(keys / "kept");
  for (const std::string kind : {"private", "public"}) {
    const std::string name = kind == "private" ? "brand_key.pem" : "wechatpay_public_key.pem";
    std::filesystem::rename(keys / name, keys / "kept" / name);
    std::filesystem::copy_file(COUPONSYNC_TEST_DATA "/signing/test-only-" + kind + "-key.pem", keys / name);
    std::filesystem::permissions(keys / name, std::filesystem::perms::owner_read);
  }
  const ProcessResult refused = run_process({COUPONSYNC_PROGRAM, "reload"}, folder(), {runtime});
  EXPECT_EQ(refused.exit_code, 78);
  EXPECT_NE(refused.err.find("the old one stays in force: /credentials/wechatpay_public_key_file: "),
            std::string::npos)
      << refused.err;
  EXPECT_NE(refused.err.find("is the brand's own public key"), std::string::npos) << refused.err;
  service->wait_for_err("sync (sighup) done: 5 of 5");
  for (const char* name : {"brand_key.pem", "wechatpay_public_key.pem"})
    std::filesystem::rename(keys / "kept" / name, keys / name);
  EXPECT_EQ(run_process({COUPONSYNC_PROGRAM, "reload"}, folder(), {runtime}).exit_code, 0);
  service->signal(SIGTERM);
  EXPECT_EQ(service->wait().exit_code, 0);
}

class Stop : public Service, public testing::WithParamInterface<int> {};

TEST_P(Stop, EndsTheServiceWithinFiveSecondsAndKeepsTheCheckpoints) {
  start_sandbox({"--seed", "43", "--users", "40", "--coupons-max", "120"});
  sandbox().post("/gate", {{"after_requests", 30}});
  auto service = start_couponsyncd("run");
  sandbox().get("/wait?held=8&timeout_ms=60000");
  const auto began = std::chrono::steady_clock::now();
  service->signal(GetParam());
  EXPECT_EQ(service->wait(std::chrono::seconds(20)).exit_code, 0);
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(5));
  EXPECT_EQ(query("SELECT count(*) FROM sync_run WHERE finished_at IS NULL"), "1");
  sandbox().post("/gate", {{"open", true}});
  EXPECT_EQ(number(once(), "listings_ok"), 40);
  expect_mirror_equals_sandbox();
}

INSTANTIATE_TEST_SUITE_P(By, Stop, testing::Values(SIGTERM, SIGINT));

/// A large watchlist, and a stop at twenty moments of reading and taking it over.
TEST_F(Service, EndsCleanlyAtAnyMomentOfItsStartAndGoesOnAtTheNext) {
  constexpr int kMany = 60'000;
  start_sandbox({"--seed", "49", "--users", "5", "--coupons-max", "20"});
  std::string all = shorten_watchlist(5);
  for (int i = 0; i < kMany; ++i) all += "oMany" + std::to_string(i) + "\n";
  write_watchlist(all);
  for (int moment = 1; moment <= 20; ++moment) {
    auto service = start_couponsyncd("run");
    service->wait_until_handles(SIGTERM);
    std::this_thread::sleep_for(std::chrono::milliseconds(25 * moment));  // that is the moment
    if (moment % 3 == 0) service->signal(SIGHUP);
    const auto asked = std::chrono::steady_clock::now();
    service->signal(SIGTERM);
    EXPECT_EQ(service->wait().exit_code, 0) << moment << service->err();
    EXPECT_LT(std::chrono::steady_clock::now() - asked, std::chrono::seconds(5)) << moment;
  }
  shorten_watchlist(5);
  auto service = start_couponsyncd("run");
  service->wait_for_err("couponsyncd serves");
  service->signal(SIGHUP);
  service->wait_for_err("sync (sighup) done: 5 of 5 listings read");
  EXPECT_EQ(query("SELECT count(*) FROM listing WHERE watched = 1"), "5")
      << "what was half taken over is not";
  expect_mirror_equals_sandbox();
  service->signal(SIGTERM);
  EXPECT_EQ(service->wait().exit_code, 0);
}

TEST_F(Service, AnInterruptedOnceSaysSoAndKeepsItsBookmarks) {
  start_sandbox({"--seed", "44", "--users", "40", "--coupons-max", "120"});
  sandbox().post("/gate", {{"after_requests", 30}});
  auto process = start_couponsyncd("once", {"--json"});
  sandbox().get("/wait?held=8&timeout_ms=60000");
  process->signal(SIGTERM);
  EXPECT_EQ(process->wait(std::chrono::seconds(20)).exit_code, 75);
  sandbox().post("/gate", {{"open", true}});
  EXPECT_EQ(number(once(), "listings_ok"), 40);
  expect_mirror_equals_sandbox();
}

TEST_F(Service, HarmlessSignalsDoNotEndIt) {
  start_sandbox({"--seed", "45", "--users", "3", "--coupons-max", "5"});
  auto service = start_couponsyncd("run");
  service->wait_for_err("sync (start) done");
  for (const int signal : {SIGUSR1, SIGUSR2, SIGPIPE, SIGXFSZ}) service->signal(signal);
  service->signal(SIGHUP);
  service->wait_for_err("sync (sighup) done");
  service->signal(SIGTERM);
  EXPECT_EQ(service->wait().exit_code, 0);
}

// What a file system without room does where a file is mapped into memory, as the log's index is.
TEST_F(Service, ASigbusIsAMirrorThatCannotBeWritten) {
  start_sandbox({"--seed", "47", "--users", "3", "--coupons-max", "5"});
  auto service = start_couponsyncd("run");
  service->wait_for_err("sync (start) done");
  service->signal(SIGBUS);
  service->wait_for_err("the mirror's file -shm cannot be written (SIGBUS)");
  EXPECT_EQ(service->wait().exit_code, 74);
  auto next = start_couponsyncd("run");
  next->wait_for_err("couponsyncd serves");
  next->signal(SIGTERM);
  EXPECT_EQ(next->wait().exit_code, 0);
  expect_mirror_equals_sandbox();
}

TEST_F(Service, RefusedCredentialsDoNotEndItAndAreShownLoudly) {
  start_sandbox({"--seed", "46", "--users", "10", "--coupons-max", "5"});
  sandbox().post("/faults", {{"fault", "sign_error"}});
  auto service = start_couponsyncd("run");
  service->wait_for_err("refuses this brand's calls");
  EXPECT_EQ(sandbox().requests(), 3) << "the call, the same once more, and another listing's";
  sandbox().clear_faults();
  service->signal(SIGHUP);
  service->wait_for_err("sync (sighup) done");
  expect_mirror_equals_sandbox();
  service->signal(SIGTERM);
  EXPECT_EQ(service->wait().exit_code, 0);
}

}  // namespace
}  // namespace couponsync::test
