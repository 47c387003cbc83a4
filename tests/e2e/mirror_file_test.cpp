#include "e2e/http_fixture.h"

#include <SQLiteCpp/Column.h>
#include <SQLiteCpp/Database.h>
#include <boost/json/parse.hpp>

#include <chrono>
#include <csignal>
#include <fcntl.h>
#include <fstream>
#include <functional>
#include <string>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

namespace couponsync::test {
namespace {

namespace fs = std::filesystem;
using std::chrono::seconds;
using Clock = std::chrono::steady_clock;

/// What `sqlite3 mirror.db "SELECT count(*) FROM coupon"` does, by somebody who may write.
std::int64_t open_and_close(const fs::path& mirror) {
  SQLite::Database database(mirror.string(), SQLite::OPEN_READWRITE, 5'000);
  return database.execAndGet("SELECT count(*) FROM coupon").getInt64();
}

/// Who has SQLite's lock on the file by which others know that it is open; 0: nobody.
pid_t holder_of_lock(const fs::path& mirror) {
  // https://www.sqlite.org/src/file/src/os.h: the bytes of which readers lock one or all.
  struct flock lock{};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  lock.l_start = 0x40000002;
  lock.l_len = 510;
  const int file = open(mirror.c_str(), O_RDWR | O_CLOEXEC);
  const bool asked = file >= 0 && fcntl(file, F_GETLK, &lock) == 0;
  close(file);
  return asked && lock.l_type != F_UNLCK ? lock.l_pid : 0;
}

ino_t inode_of(const fs::path& file) {
  struct stat status{};
  return stat(file.c_str(), &status) == 0 ? status.st_ino : 0;
}

void copy_over(const fs::path& from, const fs::path& to) {
  fs::copy_file(from, to, fs::copy_options::overwrite_existing);
}

class MirrorFile : public ServedTest {
 protected:
  fs::path mirror() { return sandbox().mirror(); }
  fs::path log() { return mirror().string() + "-wal"; }
  fs::path index() { return mirror().string() + "-shm"; }
  fs::path lock() { return mirror().string() + ".lock"; }
  void execute_in_mirror(const std::string& sql) {
    SQLite::Database(mirror().string(), SQLite::OPEN_READWRITE, 5'000).exec(sql);
  }
  void change_some_coupons() { sandbox().post("/mutations", {{"op", "random"}, {"count", 60}}); }
};

TEST_F(MirrorFile, IsLockedByTheServiceAfterWhateverItServesOrIsTold) {
  prepare({"--seed", "201", "--users", "10", "--coupons-max", "60"});
  start();
  service().wait_for_err("sync (start) done");
  EXPECT_EQ(holder_of_lock(mirror()), service().pid());
  for (int round = 0; round < 3; ++round) {
    for (const char* path : {"/metrics", "/status", "/healthz", "/readyz", "/nowhere"}) {
      get(path);
      EXPECT_EQ(holder_of_lock(mirror()), service().pid()) << path;
    }
    change_some_coupons();
    service().signal(SIGHUP);
    // Each of these is a process of its own beside it.
    couponsyncd("status");
    couponsyncd("check");
    EXPECT_EQ(couponsyncd("once").exit_code, 75);
    EXPECT_EQ(holder_of_lock(mirror()), service().pid()) << "beside other commands";
  }
  service().wait_for_err("sync (sighup) done");
  EXPECT_EQ(holder_of_lock(mirror()), service().pid());
  stop();
}

TEST_F(MirrorFile, LosesNoCommittedCouponToAForeignProgramAndAKill) {
  prepare({"--seed", "202", "--users", "60", "--coupons-max", "130", "--latency-ms", "5"});
  start();
  sandbox().wait_for_requests(10);
  const ino_t log_before = inode_of(log());
  const ino_t index_before = inode_of(index());
  std::int64_t committed = 0;
  while (service().err().find("sync (start) done") == std::string::npos) {
    get("/metrics");
    get("/status");
    const std::int64_t found = open_and_close(mirror());
    EXPECT_GE(found, committed);
    committed = found;
    EXPECT_EQ(inode_of(log()), log_before);
    EXPECT_EQ(inode_of(index()), index_before);
  }
  const double inserted = metrics().at(R"(couponsyncd_rows_total{effect="inserted"})");
  open_and_close(mirror());
  service().signal(SIGKILL);
  service().wait();
  EXPECT_EQ(static_cast<double>(open_and_close(mirror())), inserted);
  EXPECT_EQ(query("PRAGMA integrity_check"), "ok");
  expect_mirror_equals_sandbox();
  once();
}

TEST_F(MirrorFile, IsNotOpenedThoughAPatternForOpenidsNamesIt) {
  prepare({"--seed", "203", "--users", "3", "--coupons-max", "20"});
  start();
  service().wait_for_err("sync (start) done");
  boost::json::object config = sandbox().read_config();
  config.at("watchlist").at(0).as_object()["openid_files"] = {"watchlist.txt", "mirror*"};
  sandbox().write_config(config);
  service().signal(SIGHUP);
  service().wait_for_err("mirror.db-wal: is a file of the mirror");
  EXPECT_EQ(holder_of_lock(mirror()), service().pid());
  stop();
}

/// What somebody does to the mirror's files while it is in use.
struct Deed {
  const char* name;
  std::function<void(const fs::path& mirror)> done_to;
  std::string says;
};

std::string name_of_deed(const testing::TestParamInfo<Deed>& test) { return test.param.name; }

void replace(const fs::path& file) {
  copy_over(file, file.string() + ".copy");
  fs::rename(file.string() + ".copy", file);
}

constexpr std::size_t kFileReplaced = 2;
constexpr std::size_t kFileWrittenOver = 3;
constexpr std::size_t kLogRemoved = 4;
constexpr std::size_t kLockRemoved = 6;

std::vector<Deed> deeds() {
  return {
      {"FileRemoved", [](const fs::path& m) { fs::remove(m); }, "mirror.db was removed"},
      {"FileMoved", [](const fs::path& m) { fs::rename(m, m.string() + ".away"); },
       "mirror.db was moved away"},
      {"FileReplaced", replace, "mirror.db is another file now"},
      {"FileWrittenOver",
       [](const fs::path& m) {
         std::ofstream(m, std::ios::binary | std::ios::trunc) << std::string(8'192, 'x');
       },
       "mirror.db was written over"},
      {"LogRemoved", [](const fs::path& m) { fs::remove(m.string() + "-wal"); }, "mirror.db-wal is gone"},
      {"IndexRemoved", [](const fs::path& m) { fs::remove(m.string() + "-shm"); }, "mirror.db-shm is gone"},
      {"LockRemoved", [](const fs::path& m) { fs::remove(m.string() + ".lock"); }, "mirror.db.lock is gone"},
      {"LockReplaced", [](const fs::path& m) { replace(m.string() + ".lock"); },
       "mirror.db.lock is another file now"},
      {"AllRemoved",
       [](const fs::path& m) {
         for (const char* suffix : {"", "-wal", "-shm", ".lock"}) fs::remove(m.string() + suffix);
       },
       "mirror.db was removed"}};
}

class MirrorLoss : public MirrorFile, public testing::WithParamInterface<Deed> {
 protected:
  /// It ends soon and says what happened, and nothing is wrong after the next start.
  void expect_end(Process& process, Clock::time_point deed) {
    const ProcessResult result = process.wait(seconds(30));
    EXPECT_LT(Clock::now() - deed, seconds(5));
    EXPECT_EQ(result.exit_code, 74) << result.err;
    EXPECT_NE(result.err.find(GetParam().says), std::string::npos) << result.err;
    EXPECT_NE(result.err.find("MIRROR_GONE"), std::string::npos) << result.err;
    EXPECT_NE(result.err.find("critical"), std::string::npos) << result.err;
  }
  void expect_good_after_the_next_start() {
    // Written over means to be put right by whoever did it.
    if (std::string(GetParam().name) == "FileWrittenOver")
      for (const char* suffix : {"", "-wal", "-shm"}) fs::remove(mirror().string() + suffix);
    once();
    expect_mirror_equals_sandbox();
    EXPECT_EQ(query("PRAGMA integrity_check"), "ok");
  }
};

TEST_P(MirrorLoss, EndsAnIdleServiceWithinSeconds) {
  prepare({"--seed", "204", "--users", "10", "--coupons-max", "60"});
  start();
  service().wait_for_err("sync (start) done");
  const auto now = Clock::now();
  GetParam().done_to(mirror());
  expect_end(service(), now);
  expect_good_after_the_next_start();
}

class MirrorLossAtWork : public MirrorLoss {};

TEST_P(MirrorLossAtWork, EndsAServiceThatReads) {
  prepare({"--seed", "205", "--users", "40", "--coupons-max", "130", "--latency-ms", "20"});
  start();
  sandbox().wait_for_requests(10);
  const auto now = Clock::now();
  GetParam().done_to(mirror());
  expect_end(service(), now);
  expect_good_after_the_next_start();
}

TEST_P(MirrorLossAtWork, EndsAOnceThatWaitsForReplies) {
  start_sandbox({"--seed", "206", "--users", "10", "--coupons-max", "60"});
  sandbox().post("/gate", {{"after_requests", 5}});
  const auto process = start_couponsyncd("once", {"--json"});
  sandbox().get("/wait?held=2&timeout_ms=60000");
  const auto now = Clock::now();
  GetParam().done_to(mirror());
  expect_end(*process, now);
  EXPECT_TRUE(boost::json::parse(process->out()).is_object()) << "the summary is told all the same";
  sandbox().post("/gate", {{"open", true}});
  expect_good_after_the_next_start();
}

INSTANTIATE_TEST_SUITE_P(Each, MirrorLoss, testing::ValuesIn(deeds()), name_of_deed);
INSTANTIATE_TEST_SUITE_P(Some, MirrorLossAtWork,
                         testing::Values(deeds()[kFileReplaced], deeds()[kFileWrittenOver],
                                         deeds()[kLogRemoved], deeds()[kLockRemoved]),
                         name_of_deed);

TEST_F(MirrorFile, WhoseLogWasRemovedKeepsEveryCommittedCoupon) {
  prepare({"--seed", "207", "--users", "20", "--coupons-max", "100"});
  start();
  service().wait_for_err("sync (start) done");
  fs::remove(log());
  EXPECT_EQ(service().wait(seconds(30)).exit_code, 74);
  expect_mirror_equals_sandbox();
}

TEST_F(MirrorFile, LetsNoSecondWriterInThoughTheLockFileIsGone) {
  prepare({"--seed", "208", "--users", "5", "--coupons-max", "20"});
  start();
  service().wait_for_err("sync (start) done");
  service().signal(SIGSTOP);
  fs::remove(lock());
  const std::int64_t asked_before = sandbox().requests();
  const ProcessResult second = couponsyncd("once");
  EXPECT_EQ(second.exit_code, 75) << second.err;
  EXPECT_NE(second.err.find("whose lock file was removed"), std::string::npos) << second.err;
  EXPECT_EQ(sandbox().requests(), asked_before);
  service().signal(SIGCONT);
  EXPECT_EQ(service().wait(seconds(30)).exit_code, 74);
  once();
}

TEST_F(MirrorFile, MayBeReplacedByACopyAfterACleanStop) {
  prepare({"--seed", "209", "--users", "10", "--coupons-max", "60"});
  start();
  service().wait_for_err("sync (start) done");
  stop();
  EXPECT_EQ(fs::file_size(log()), 0U);
  EXPECT_TRUE(fs::exists(index()));
  const fs::path copy = folder() / "copy.db";
  copy_over(mirror(), copy);
  change_some_coupons();
  once();
  EXPECT_EQ(fs::file_size(log()), 0U) << "and after once";
  copy_over(copy, mirror());
  EXPECT_EQ(query("PRAGMA integrity_check"), "ok");
  once();
  expect_mirror_equals_sandbox();
}

TEST_F(MirrorFile, IsNotSpoiledByTheLogOfAnotherThatWasKilled) {
  start_sandbox({"--seed", "210", "--users", "30", "--coupons-max", "130", "--latency-ms", "5"});
  once();
  const fs::path copy = folder() / "copy.db";
  copy_over(mirror(), copy);
  change_some_coupons();
  once();
  change_some_coupons();
  const std::int64_t asked_before = sandbox().requests();
  auto killed = start_couponsyncd("once");
  sandbox().wait_for_requests(asked_before + 20);
  killed->signal(SIGKILL);
  killed->wait();
  ASSERT_GT(fs::file_size(log()), 0U);
  copy_over(copy, mirror());
  const std::int64_t asked = sandbox().requests();
  for (const char* command : {"check", "once", "run"}) {
    const ProcessResult result = couponsyncd(command);
    EXPECT_EQ(result.exit_code, 65) << command << result.out << result.err;
    EXPECT_NE((result.out + result.err).find(log().string() + ", belongs to another file"), std::string::npos)
        << result.out << result.err;
  }
  EXPECT_EQ(sandbox().requests(), asked);
  fs::rename(log(), log().string() + ".away");
  fs::rename(index(), index().string() + ".away");
  once();
  EXPECT_EQ(query("PRAGMA integrity_check"), "ok");
  expect_mirror_equals_sandbox();
}

TEST_F(MirrorFile, OfAnotherBrandIsRefusedByEveryCommandBeforeAnythingIsSent) {
  start_sandbox({"--seed", "211", "--users", "5", "--coupons-max", "30"});
  once();
  const std::string own(sandbox().read_config().at("brand_id").as_string());
  boost::json::object config = sandbox().read_config();
  config["brand_id"] = "4711";
  sandbox().write_config(config);
  const std::int64_t asked = sandbox().requests();
  for (const char* command : {"check", "once", "run"}) {
    const ProcessResult result = couponsyncd(command);
    EXPECT_EQ(result.exit_code, 65) << command << result.out << result.err;
    const std::string said = result.out + result.err;
    EXPECT_NE(said.find("belongs to brand " + own), std::string::npos) << said;
    EXPECT_NE(said.find("brand 4711"), std::string::npos) << said;
  }
  EXPECT_EQ(sandbox().requests(), asked);
  const ProcessResult status = couponsyncd("status");
  EXPECT_NE(status.out.find("brand     " + own + "\n"), std::string::npos) << status.out;
}

TEST_F(MirrorFile, KeepsItsBrandThroughAReload) {
  prepare({"--seed", "212", "--users", "5", "--coupons-max", "30"});
  start();
  service().wait_for_err("sync (start) done");
  const boost::json::object before = sandbox().read_config();
  boost::json::object config = before;
  config["brand_id"] = "4711";
  sandbox().write_config(config);
  service().signal(SIGHUP);
  service().wait_for_err("the old one stays in force: /brand_id: 4711 instead of");
  sandbox().write_config(before);
  service().signal(SIGHUP);
  service().wait_for_err("configuration reloaded");
  expect_mirror_equals_sandbox();
  stop();
}

/// How large a file of that process may become.
void limit_files(pid_t process, rlim_t bytes) {
  rlimit limit{};
  ASSERT_EQ(prlimit(process, RLIMIT_FSIZE, nullptr, &limit), 0);
  limit.rlim_cur = bytes;
  ASSERT_EQ(prlimit(process, RLIMIT_FSIZE, &limit, nullptr), 0);
}

TEST_F(MirrorFile, WhoseLogCannotBeMovedIsNotReadyAndSaysSoUntilItCan) {
  prepare({"--seed", "213", "--users", "20", "--coupons-max", "100"});
  once();
  // New rows come behind these, where there will be no room for them; but there will be for the log.
  execute_in_mirror("CREATE TABLE filler (x); INSERT INTO filler VALUES (zeroblob(20000000))");
  execute_in_mirror("UPDATE listing SET next_due_at = NULL");
  start();
  service().wait_for_err("sync (start) done");
  EXPECT_EQ(get("/readyz").status, 200);
  EXPECT_EQ(metrics().at("couponsyncd_checkpoint_failing"), 0);
  execute_in_mirror("PRAGMA wal_checkpoint(TRUNCATE)");
  limit_files(service().pid(), 20'000'000);
  change_some_coupons();
  service().signal(SIGHUP);
  service().wait_for_err("write-ahead log cannot be moved into its file");
  const HttpAnswer failing = get("/readyz");
  EXPECT_EQ(failing.status, 503);
  EXPECT_NE(failing.body.find("write-ahead log cannot be moved into its file and grows: MIRROR_UNWRITABLE"),
            std::string::npos)
      << failing.body;
  EXPECT_EQ(get("/healthz").status, 200);
  EXPECT_EQ(metrics().at("couponsyncd_checkpoint_failing"), 1);
  service().wait_for_err("sync (sighup) done: 20 of 20 listings read, 0 failed");
  expect_mirror_equals_sandbox();
  limit_files(service().pid(), RLIM_INFINITY);
  service().wait_for_err("write-ahead log is moved into its file again");
  EXPECT_EQ(get("/readyz").status, 200);
  EXPECT_EQ(metrics().at("couponsyncd_checkpoint_failing"), 0);
  stop();
  EXPECT_EQ(fs::file_size(log()), 0U) << service().err();
}

}  // namespace
}  // namespace couponsync::test
