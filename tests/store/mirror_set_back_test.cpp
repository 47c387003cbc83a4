// The mirror's files are put back in place, with the inodes that they have, while it is open.
#include "store/file_faults.h"
#include "store/mirror_fixture.h"
#include "store/other_process.h"

#include <SQLiteCpp/Database.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <functional>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace couponsync {
namespace {

namespace fs = std::filesystem;
using Parts = std::vector<std::string>;

const Parts kAll{"", "-wal", "-shm"};

class SetBack : public MirrorTest {
 protected:
  void add(const std::string& code) { apply(listing, page_of({{.code = code}})); }
  /// In processes of their own: whoever closes a descriptor takes away its process's locks.
  void keep(const Parts& parts) const {
    ASSERT_EQ(in_child([&] {
                for (const std::string& part : parts) copy_over(path.string() + part, kept.string() + part);
                return 0;
              }),
              0);
  }
  void put_back(const Parts& parts) const {
    ASSERT_EQ(in_child([&] {
                for (const std::string& part : parts) copy_over(kept.string() + part, path.string() + part);
                return 0;
              }),
              0);
  }
  void expect_gone(const std::function<void()>& use) const {
    try {
      use();
      ADD_FAILURE() << "not noticed";
    } catch (const MirrorError& error) {
      EXPECT_EQ(error.reason(), MirrorError::Reason::gone) << error.what();
    }
  }
  /// A reader that holds what it sees from now on.
  void hold() {
    reader.emplace(path.string(), SQLite::OPEN_READONLY, 5'000);
    reader->exec("BEGIN");
    reader->execAndGet("SELECT count(*) FROM coupon");
  }

  ListingId listing = watch(user("openid-1"));
  fs::path kept = folder.path() / "kept.db";
  std::optional<SQLite::Database> reader;
};

TEST_F(SetBack, OneLogIsNoticedThoughAllOfTheLogWasMovedIntoTheFile) {
  add("a");
  mirror.checkpoint();
  keep({""});
  add("b");
  mirror.checkpoint();
  put_back({""});
  expect_gone([&] { mirror.require_intact(); });
  expect_gone([&] { add("c"); });
}

TEST_F(SetBack, ByABackupIsNoticedByTheNextCommit) {
  add("a");
  SQLite::Database(path.string(), SQLite::OPEN_READONLY).backup(kept.c_str(), SQLite::Database::Save);
  add("b");
  mirror.checkpoint();
  put_back({""});
  expect_gone([&] { add("c"); });
}

TEST_F(SetBack, IsNoticedThoughAnotherProgramMovedTheLog) {
  add("a");
  mirror.checkpoint();
  keep({""});
  add("b");
  ASSERT_EQ(execute_elsewhere(path, "PRAGMA wal_checkpoint(PASSIVE)"), 0);
  put_back({""});
  expect_gone([&] { mirror.require_intact(); });
}

TEST_F(SetBack, WithLogAndIndexIsNoticed) {
  add("a");
  keep(kAll);
  add("b");
  put_back(kAll);
  expect_gone([&] { mirror.require_intact(); });
}

TEST_F(SetBack, WithLogAndIndexIsNoticedByTheNextCommit) {
  add("a");
  mirror.checkpoint();
  keep(kAll);
  add("b");
  mirror.checkpoint();
  add("c");
  put_back(kAll);
  expect_gone([&] { add("d"); });
}

TEST_F(SetBack, WithLogAndIndexIsNoticedBesideAReader) {
  hold();
  add("a");
  keep(kAll);
  add("b");
  put_back(kAll);
  expect_gone([&] { mirror.require_intact(); });
}

TEST_F(SetBack, WithLogAndIndexIsNoticedInTheMidstOfATransaction) {
  add("a");
  keep(kAll);
  add("b");
  mirror.begin();
  add("c");
  put_back(kAll);
  expect_gone([&] { mirror.commit(); });
}

TEST_F(SetBack, OfTheLogAndItsIndexAloneIsNoticed) {
  add("a");
  keep({"-wal", "-shm"});
  add("b");
  put_back({"-wal", "-shm"});
  expect_gone([&] { mirror.require_intact(); });
}

TEST_F(SetBack, OfALogThatIsAsLongAsBeforeIsNoticed) {
  for (const char* code : {"a", "b", "c"}) add(code);
  keep({"-wal"});
  mirror.checkpoint();
  add("d");
  ASSERT_EQ(fs::file_size(path.string() + "-wal"), fs::file_size(kept.string() + "-wal"));
  put_back({"-wal"});
  expect_gone([&] { mirror.require_intact(); });
}

/// What another program may do to a mirror as SQLite does it.
std::string random_deed(std::mt19937_64& random) {
  const std::vector<std::string> deeds{"PRAGMA wal_checkpoint(PASSIVE)",
                                       "PRAGMA wal_checkpoint(FULL)",
                                       "PRAGMA wal_checkpoint(RESTART)",
                                       "PRAGMA wal_checkpoint(TRUNCATE)",
                                       "UPDATE listing SET last_error = hex(randomblob(3000))",
                                       "ANALYZE; PRAGMA wal_checkpoint(PASSIVE)",
                                       "VACUUM",
                                       "SELECT count(*) FROM coupon"};
  return "PRAGMA busy_timeout = 0; " + deeds[random() % deeds.size()];
}

/// Random lives beside readers that hold the log, and programs that write, move the log and empty it, each
/// ended by a kill at any time, also in the midst of a checkpoint: nobody raises an alarm, nothing is lost.
TEST(BesideOthers, AMirrorIsNeverTakenForAnotherOne) {
  const TemporaryFolder folder;
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    std::mt19937_64 random(seed);
    const fs::path path = folder.path() / (std::to_string(seed) + ".db");
    for (int life = 0; life < 3; ++life) {
      std::optional<SQLite::Database> reader;
      if (life > 0 && random() % 2 == 0) {
        reader.emplace(path.string(), SQLite::OPEN_READONLY, 5'000);
        reader->exec("BEGIN");
        reader->execAndGet("SELECT count(*) FROM coupon");
      }
      const int code = in_child([&] {
        Mirror mirror = Mirror::open({.path = path});
        const ListingId listing = mirror.watch(std::vector{user("openid-1")}).front().id;
        std::optional<SQLite::Database> own_reader;
        const FileFault killed =
            FileFault::kill_at(FileFault::Call::checkpoint_write,
                               random() % 2 == 0 ? static_cast<std::int64_t>(1 + random() % 60) : 0);
        for (int step = 0; step < 25; ++step) {
          Page page = page_of({{.code = std::to_string(life) + "-" + std::to_string(step),
                                .attach = std::string(1 + random() % 9'000, 'x')}});
          mirror.apply_page({.listing = listing, .page = std::move(page)});
          if (random() % 3 == 0) mirror.checkpoint();
          if (random() % 3 == 0) static_cast<void>(execute_elsewhere(path, random_deed(random)));
          if (random() % 4 == 0) mirror.require_intact();
          if (random() % 5 == 0) {
            own_reader.emplace(path.string(), SQLite::OPEN_READONLY, 5'000);
            own_reader->exec("BEGIN");
            own_reader->execAndGet("SELECT count(*) FROM coupon");
          }
          if (random() % 5 == 0) own_reader.reset();
        }
        kill(getpid(), SIGKILL);
        return 0;
      });
      ASSERT_EQ(code, -SIGKILL) << "seed " << seed << ", life " << life;
    }
    ASSERT_NO_THROW(Mirror::open({.path = path})) << "seed " << seed;
    EXPECT_EQ(value(path, "PRAGMA integrity_check"), "ok") << "seed " << seed;
    EXPECT_EQ(value(path, "SELECT count(*) FROM coupon AS c, coupon_change AS ch WHERE ch.coupon_id = c.id"),
              value(path, "SELECT count(*) FROM coupon"));
  }
}

}  // namespace
}  // namespace couponsync
