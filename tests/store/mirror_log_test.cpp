#include "store/mirror_fixture.h"
#include "store/mirror_inspection.h"
#include "store/other_process.h"
#include "store/schema.h"
#include "support/watchlist.h"

#include <SQLiteCpp/Database.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <fstream>
#include <functional>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace couponsync {
namespace {

namespace fs = std::filesystem;
using Reason = MirrorError::Reason;
using testing::AllOf;
using testing::HasSubstr;

/// A mirror that processes open, write to and leave, by a clean stop or a kill.
class MirrorLog : public testing::Test {
 protected:
  MirrorLog() { fs::create_directory(path.parent_path()); }

  fs::path log() const { return path.string() + "-wal"; }
  /// Opens it, does something, and ends as told, in a process of its own.
  void in_a_life(const std::function<void(Mirror&, ListingId)>& deed, bool killed) const {
    const int code = in_child([&] {
      Mirror mirror = Mirror::open({.path = path});
      const ListingId listing = set_watchlist(mirror, std::vector{user("openid-1")}).front().id;
      deed(mirror, listing);
      if (killed) kill(getpid(), SIGKILL);
      mirror.close();
      return 0;
    });
    ASSERT_EQ(code, killed ? -SIGKILL : 0);
  }
  void add_and_stop(const std::string& code) const {
    in_a_life([&](Mirror& mirror, ListingId listing) { add(mirror, listing, code); }, false);
  }
  void add_and_be_killed(const std::string& code) const {
    in_a_life([&](Mirror& mirror, ListingId listing) { add(mirror, listing, code); }, true);
  }
  static void add(Mirror& mirror, ListingId listing, const std::string& code) {
    mirror.apply_page({.listing = listing, .page = page_of({{.code = code}})});
  }
  /// What opening it fails with; none: it opened.
  std::optional<MirrorError> refusal() const {
    try {
      const Mirror mirror = Mirror::open({.path = path});
    } catch (const MirrorError& error) {
      return error;
    }
    return std::nullopt;
  }
  /// It is refused, and everything stays as it is.
  void expect_refused() const {
    const std::string file = content_of(path);
    const std::string frames = content_of(log());
    const std::optional<MirrorError> error = refusal();
    ASSERT_TRUE(error);
    EXPECT_EQ(error->reason(), Reason::refused);
    EXPECT_THAT(error->what(), AllOf(HasSubstr(log().string()), HasSubstr("another file"),
                                     HasSubstr("nothing was changed")));
    EXPECT_EQ(content_of(path), file);
    EXPECT_EQ(content_of(log()), frames);
    EXPECT_THROW(inspect_mirror(path), MirrorError);
  }
  void expect_opens_with(const std::string& coupons) const {
    const std::optional<MirrorError> error = refusal();
    ASSERT_FALSE(error) << error->what();
    EXPECT_EQ(value(path, "SELECT group_concat(coupon_code, ' ') FROM (SELECT * FROM coupon ORDER BY id)"),
              coupons);
    EXPECT_EQ(value(path, "PRAGMA integrity_check"), "ok");
  }
  void vacuum_into(const fs::path& file) const { execute(path, "VACUUM INTO '" + file.string() + "'"); }
  void back_up_by_pages(const fs::path& file) const {
    SQLite::Database(path.string(), SQLite::OPEN_READONLY).backup(file.c_str(), SQLite::Database::Save);
  }
  void copy_all(const fs::path& from, const fs::path& to) const {
    for (const char* suffix : {"", "-wal", "-shm", ".lock"})
      copy_over(from.string() + suffix, to.string() + suffix);
  }

  TemporaryFolder folder;
  fs::path path = folder.path() / "state" / "mirror.db";
  fs::path kept = folder.path() / "kept.db";
};

TEST_F(MirrorLog, IsEmptyAndInPlaceAfterACleanStop) {
  add_and_stop("a");
  EXPECT_EQ(fs::file_size(log()), 0U);
  EXPECT_TRUE(fs::exists(path.string() + "-shm"));
  EXPECT_EQ(value(path, "SELECT count(*) FROM coupon"), "1") << "for readers while nothing runs";
}

TEST_F(MirrorLog, IsEmptyAfterACleanStopBesideAReaderThatIsIdle) {
  add_and_stop("a");
  SQLite::Database reader(path.string(), SQLite::OPEN_READONLY, 5'000);
  EXPECT_EQ(reader.execAndGet("SELECT count(*) FROM coupon").getInt(), 1);
  add_and_stop("b");
  EXPECT_EQ(fs::file_size(log()), 0U);
  EXPECT_EQ(reader.execAndGet("SELECT count(*) FROM coupon").getInt(), 2);
}

TEST_F(MirrorLog, IsLeftToAReaderThatHoldsItAndToldOf) {
  Mirror mirror = Mirror::open({.path = path});
  const ListingId listing = set_watchlist(mirror, std::vector{user("openid-1")}).front().id;
  SQLite::Database reader(path.string(), SQLite::OPEN_READONLY, 5'000);
  reader.exec("BEGIN");
  EXPECT_EQ(reader.execAndGet("SELECT count(*) FROM coupon").getInt(), 0);
  add(mirror, listing, "a");
  EXPECT_EQ(mirror.close(), fs::file_size(log()));
  EXPECT_GT(fs::file_size(log()), 0U);
  reader.exec("COMMIT");
  expect_opens_with("a");
  EXPECT_EQ(fs::file_size(log()), 0U);
}

TEST_F(MirrorLog, LetsACopyBePutInPlaceAfterACleanStop) {
  add_and_stop("a");
  copy_over(path, kept);
  add_and_stop("b");
  copy_over(kept, path);
  expect_opens_with("a");
}

using Copying = void (*)(const fs::path& from, const fs::path& to);

void plainly(const fs::path& from, const fs::path& to) { copy_over(from, to); }
void by_moving(const fs::path& from, const fs::path& to) {
  copy_over(from, to.string() + ".new");
  fs::rename(to.string() + ".new", to);
}

class OlderCopy : public MirrorLog, public testing::WithParamInterface<Copying> {
 protected:
  void put_in_place(const fs::path& file) const { GetParam()(file, path); }
};

TEST_P(OlderCopy, IsNotPlayedOverByTheLogOfAKilledProcess) {
  add_and_stop("a");
  copy_over(path, kept);
  add_and_stop("b");
  add_and_be_killed("c");
  put_in_place(kept);
  expect_refused();
  fs::rename(log(), log().string() + ".away");
  fs::rename(path.string() + "-shm", path.string() + "-shm.away");
  expect_opens_with("a");
}

TEST_P(OlderCopy, MadeByVacuumIntoIsNotPlayedOver) {
  add_and_stop("a");
  vacuum_into(kept);
  add_and_stop("b");
  add_and_be_killed("c");
  put_in_place(kept);
  expect_refused();
}

TEST_P(OlderCopy, MadeByVacuumIntoWhileTheSameLogGrewIsNotPlayedOver) {
  add_and_stop("a");
  in_a_life(
      [&](Mirror& mirror, ListingId listing) {
        add(mirror, listing, "b");
        vacuum_into(kept);
        add(mirror, listing, "c");
      },
      true);
  put_in_place(kept);
  expect_refused();
}

TEST_P(OlderCopy, MadeByBackupIsNotPlayedOver) {
  add_and_stop("a");
  back_up_by_pages(kept);
  add_and_stop("b");
  add_and_be_killed("c");
  put_in_place(kept);
  expect_refused();
}

TEST_P(OlderCopy, IsNotPlayedOverByALogThatAReaderKept) {
  add_and_stop("a");
  copy_over(path, kept);
  add_and_stop("b");
  SQLite::Database reader(path.string(), SQLite::OPEN_READONLY, 5'000);
  reader.exec("BEGIN");
  EXPECT_EQ(reader.execAndGet("SELECT count(*) FROM coupon").getInt(), 2);
  add_and_stop("c");
  EXPECT_GT(fs::file_size(log()), 0U);
  put_in_place(kept);
  expect_refused();
}

TEST_P(OlderCopy, MadeWhileAReaderKeptALogThatBeganAnewSinceIsNotPlayedOver) {
  add_and_stop("a");
  in_a_life(
      [&](Mirror& mirror, ListingId listing) {
        SQLite::Database reader(path.string(), SQLite::OPEN_READONLY, 5'000);
        reader.exec("BEGIN");
        reader.execAndGet("SELECT count(*) FROM coupon");
        add(mirror, listing, "b");
        back_up_by_pages(kept);
        add(mirror, listing, "c");
        reader.exec("COMMIT");
        mirror.checkpoint();
        add(mirror, listing, "d");
      },
      true);
  put_in_place(kept);
  expect_refused();
}

TEST_P(OlderCopy, OfAnotherMirrorIsNotPlayedOver) {
  const fs::path own = path;
  path = folder.path() / "other.db";
  add_and_stop("theirs");
  const fs::path other = path;
  path = own;
  add_and_stop("a");
  add_and_be_killed("b");
  put_in_place(other);
  expect_refused();
}

TEST_P(OlderCopy, ThatIsNoMirrorYetIsNotPlayedOver) {
  add_and_stop("a");
  add_and_be_killed("b");
  execute(kept, std::string(schema_ddl()));
  put_in_place(kept);
  expect_refused();
}

TEST_P(OlderCopy, ThatTheLogBeganWithIsTheRightOne) {
  add_and_stop("a");
  in_a_life(
      [&](Mirror& mirror, ListingId listing) {
        mirror.checkpoint();
        // By another process: it closes a descriptor of the file.
        in_child([&] {
          copy_over(path, kept);
          return 0;
        });
        add(mirror, listing, "b");
      },
      true);
  put_in_place(kept);
  expect_opens_with("a b");
}

INSTANTIATE_TEST_SUITE_P(PutInPlace, OlderCopy, testing::Values(&plainly, &by_moving),
                         [](const auto& test) { return test.param == &plainly ? "Plainly" : "ByMoving"; });

TEST_F(MirrorLog, WithoutItsFileIsRefusedAndKept) {
  add_and_stop("a");
  add_and_be_killed("b");
  fs::rename(path, kept);
  const std::string frames = content_of(log());
  const std::optional<MirrorError> error = refusal();
  ASSERT_TRUE(error);
  EXPECT_EQ(error->reason(), Reason::refused);
  EXPECT_THAT(error->what(), AllOf(HasSubstr("it is not there"), HasSubstr(log().string())));
  EXPECT_THROW(inspect_mirror(path), MirrorError);
  EXPECT_FALSE(fs::exists(path));
  EXPECT_EQ(content_of(log()), frames);
  std::ofstream(path).close();
  EXPECT_THAT(refusal().value().what(), HasSubstr("it is empty"));
  EXPECT_EQ(content_of(log()), frames);
  fs::rename(kept, path);
  expect_opens_with("a b");
}

TEST_F(MirrorLog, ThatIsEmptyHindersNobodyWhoseFileIsGone) {
  add_and_stop("a");
  fs::remove(path);
  expect_opens_with("NULL");
}

TEST_F(MirrorLog, BelongsToAFileThatWasCopiedWithIt) {
  add_and_stop("a");
  add_and_be_killed("b");
  const fs::path moved = folder.path() / "elsewhere";
  fs::create_directory(moved);
  copy_all(path, moved / "mirror.db");
  copy_all(path, kept);
  path = moved / "mirror.db";
  expect_opens_with("a b");
  add_and_stop("c");
  copy_all(kept, path);
  expect_opens_with("a b");
}

TEST_F(MirrorLog, MayBeLeftOutWhereABackupIsRestored) {
  add_and_stop("a");
  vacuum_into(kept);
  add_and_be_killed("b");
  for (const char* suffix : {"", "-wal", "-shm", ".lock"}) fs::remove(path.string() + suffix);
  copy_over(kept, path);
  expect_opens_with("a");
}

TEST_F(MirrorLog, OfAProgramThatKnewNoMarkIsPlayed) {
  add_and_stop("a");
  execute(path, "DELETE FROM mirror_property WHERE name = 'log_mark'");
  fs::remove(log());
  ASSERT_EQ(in_child([&] {
              SQLite::Database database(path.string(), SQLite::OPEN_READWRITE);
              database.exec("PRAGMA wal_autocheckpoint = 0; UPDATE coupon SET attach = 'older'");
              kill(getpid(), SIGKILL);
              return 0;
            }),
            -SIGKILL);
  ASSERT_GT(fs::file_size(log()), 0U);
  expect_opens_with("a");
  EXPECT_EQ(value(path, "SELECT attach FROM coupon"), "older");
}

/// Random lives of one mirror: pages, checkpoints, stops and kills, with copies of its file alone and of file
/// and log. Whatever is put in place of the file: it is refused, or it gets exactly what it should have.
TEST_F(MirrorLog, IsPlayedOverNothingThatItWouldSpoilInAnyHistory) {
  struct Kept {
    fs::path file;
    bool with_log;
    std::string coupons;
  };
  const auto coupons = [&](const fs::path& file) {
    return value(file,
                 "SELECT group_concat(coupon_code || attach, ' ') FROM (SELECT * FROM coupon ORDER BY id)");
  };
  int refused = 0;
  int opened = 0;
  for (std::uint64_t seed = 1; seed <= 25; ++seed) {
    std::mt19937_64 random(seed);
    const fs::path own = folder.path() / std::to_string(seed);
    fs::create_directory(own);
    path = own / "mirror.db";
    std::vector<Kept> keeps;
    for (int life = 0; life < 6; ++life) {
      const bool killed = random() % 2 == 0;
      const auto seed_of_life = random();
      in_a_life(
          [&](Mirror& mirror, ListingId listing) {
            std::mt19937_64 chance(seed_of_life);
            for (std::uint64_t step = chance() % 6; step > 0; --step) {
              Page page;
              for (std::uint64_t i = 0; i < 1 + chance() % 40; ++i)
                page.coupons.push_back(coupon(
                    {.code = std::to_string(chance() % 60), .attach = std::string(1 + chance() % 300, 'x')}));
              mirror.apply_page({.listing = listing, .page = page});
              if (chance() % 3 == 0) mirror.checkpoint();
            }
          },
          killed);
      const fs::path file = own / ("kept-" + std::to_string(life) + ".db");
      copy_over(path, file);
      copy_over(log(), file.string() + "-wal");
      const std::string now = coupons(file);
      // Those that were kept earlier, and this one, in the place of the file whose log lies there.
      keeps.push_back({file, true, now});
      for (const Kept& one : keeps) {
        const fs::path scene = own / "scene.db";
        for (const char* suffix : {"", "-wal", "-shm", ".lock"}) fs::remove(scene.string() + suffix);
        // What was kept has been read since: its log may be in it by now. Alone it is what was copied.
        copy_over(one.file, scene);
        copy_over(log(), scene.string() + "-wal");
        try {
          const Mirror mirror = Mirror::open({.path = scene});
          ++opened;
        } catch (const MirrorError& error) {
          ASSERT_EQ(error.reason(), Reason::refused) << error.what();
          ASSERT_NE(one.file, file) << "its own file, seed " << seed << ", life " << life << error.what();
          ++refused;
          continue;
        }
        EXPECT_EQ(value(scene, "PRAGMA integrity_check"), "ok") << "seed " << seed << ", life " << life;
        if (fs::file_size(log()) == 0) continue;
        EXPECT_EQ(coupons(scene), now) << "seed " << seed << ", life " << life;
      }
    }
  }
  EXPECT_GT(refused, 50);
  EXPECT_GT(opened, 150);
}

}  // namespace
}  // namespace couponsync
