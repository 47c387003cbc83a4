#include "store/mirror_fixture.h"
#include "store/mirror_reader.h"
#include "store/other_process.h"
#include "support/watchlist.h"

#include <gtest/gtest.h>

#include <optional>
#include <sys/stat.h>

namespace couponsync {
namespace {

namespace fs = std::filesystem;

/// The lock by which SQLite keeps others from removing the log; any descriptor of the file that this process
/// closes by itself gives it up.
class MirrorLock : public MirrorTest {
 protected:
  ino_t inode_of(const char* suffix) const {
    struct stat status{};
    return stat((path.string() + suffix).c_str(), &status) == 0 ? status.st_ino : 0;
  }
  /// What holds it, and what that is good for.
  void expect_held(const std::string& after) const {
    EXPECT_TRUE(is_locked_against_others(path)) << after;
    const ino_t log = inode_of("-wal");
    const ino_t index = inode_of("-shm");
    EXPECT_EQ(open_and_close_elsewhere(path), 0);
    EXPECT_EQ(inode_of("-wal"), log) << after;
    EXPECT_EQ(inode_of("-shm"), index) << after;
  }

  ListingId listing = watch(user("openid-1"));
};

TEST_F(MirrorLock, IsHeldFromTheStart) { expect_held("opening"); }

TEST_F(MirrorLock, IsHeldWhateverTheWriterDoes) {
  apply(listing, page_of({{.code = "a"}}));
  expect_held("a commit");
  mirror.checkpoint();
  expect_held("a checkpoint");
  mirror.begin();
  apply(listing, page_of({{.code = "b"}}));
  mirror.rollback();
  expect_held("a transaction taken back");
  mirror.require_intact();
  expect_held("a look at the files");
}

TEST_F(MirrorLock, IsHeldThroughReadingsOfTheStatusInTheSameProcess) {
  apply(listing, page_of({{.code = "a"}}));
  {
    MirrorReader reader(path);
    expect_held("opening a reader");
    for (int i = 0; i < 3; ++i) {
      EXPECT_EQ(reader.status({}).listings.watched, 1);
      expect_held("reading the status");
    }
  }
  expect_held("closing the reader");
}

TEST_F(MirrorLock, IsHeldThoughAnotherOpeningInTheSameProcessIsRefused) {
  EXPECT_THROW(Mirror::open({.path = path}), MirrorError);
  expect_held("a second opening");
}

TEST_F(MirrorLock, IsHeldThoughTheFileWasTouchedAndHadToBeLookedAt) {
  fs::last_write_time(path, {});
  mirror.require_intact();
  expect_held("a look into the file");
}

/// Commits beside somebody who opens and closes the file as the only other one, and is killed.
TEST_F(MirrorLock, SavesEveryCommitFromAForeignProgram) {
  {
    const Mirror closed = std::move(mirror);
  }
  const int code = in_child([&] {
    Mirror own = Mirror::open({.path = path});
    const ListingId id = set_watchlist(own, watched).front().id;
    MirrorReader reader(path);
    for (int i = 0; i < 20; ++i) {
      own.apply_page({.listing = id, .page = page_of({{.code = std::to_string(i)}})});
      if (open_and_close_elsewhere(path) != 0 || reader.status({}).states.size() != 1) return 1;
      if (i % 7 == 6) own.checkpoint();
    }
    kill(getpid(), SIGKILL);
    return 0;
  });
  EXPECT_EQ(code, -SIGKILL);
  EXPECT_EQ(value(path, "SELECT count(*) FROM coupon"), "20");
  mirror = Mirror::open({.path = path});
  EXPECT_EQ(value(path, "SELECT count(*) FROM coupon"), "20");
  EXPECT_EQ(value(path, "PRAGMA integrity_check"), "ok");
}

}  // namespace
}  // namespace couponsync
