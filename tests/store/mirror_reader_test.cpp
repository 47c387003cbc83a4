#include "store/mirror_fixture.h"
#include "support/watchlist.h"

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Statement.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <grp.h>
#include <optional>
#include <string>
#include <sys/stat.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace couponsync {
namespace {

constexpr std::uintmax_t kMiB = 1U << 20U;

/// A read transaction that stays open.
class LongReader {
 public:
  explicit LongReader(const std::filesystem::path& path)
      : database_(path.string(), SQLite::OPEN_READONLY, 5'000) {
    database_.exec("BEGIN");
    static_cast<void>(count());
  }
  std::int64_t count() { return database_.execAndGet("SELECT count(*) FROM coupon").getInt64(); }

 private:
  SQLite::Database database_;
};

/// Rule 5, and what readers may do to the write-ahead log.
class MirrorReader : public MirrorTest {
 protected:
  std::uintmax_t log_size() const { return std::filesystem::file_size(path.string() + "-wal"); }
  /// About 1 MiB.
  void write_much() {
    Page page;
    for (int i = 0; i < 50; ++i)
      page.coupons.push_back(coupon({.code = std::to_string(++written), .attach = std::string(20'000, 'x')}));
    apply(listing, page);
  }

  ListingId listing = watch(user("openid-1"));
  int written = 0;
};

TEST_F(MirrorReader, SeesOneMomentWhileTheWriterGoesOn) {
  apply(listing, page_of({{.code = "a"}}));
  LongReader reader(path);
  apply(listing, page_of({{.code = "b"}}));
  mirror.checkpoint();
  EXPECT_EQ(reader.count(), 1);
  EXPECT_EQ(LongReader(path).count(), 2);
}

TEST_F(MirrorReader, FindsTheLogInPlaceAfterTheWriterClosed) {
  apply(listing, page_of({{.code = "a"}}));
  {
    const Mirror closed = std::move(mirror);
  }
  EXPECT_TRUE(std::filesystem::exists(path.string() + "-wal"));
  EXPECT_TRUE(std::filesystem::exists(path.string() + "-shm"));
  EXPECT_EQ(value(path, "SELECT count(*) FROM coupon"), "1");
}

/// Reads as a user who is in the file's group and may write nowhere. Gives the number of coupons, 0 if it
/// could not read.
int count_as_group_reader(const std::filesystem::path& path, gid_t group) {
  const pid_t process = fork();
  if (process == 0) {
    int count = 0;
    try {
      if (geteuid() == 0 && (setgroups(0, nullptr) != 0 || setgid(group) != 0 || setuid(54'321) != 0))
        _exit(0);
      count = static_cast<int>(LongReader(path).count());
    } catch (const std::exception&) {
      count = 0;
    }
    _exit(count);
  }
  int status = 0;
  EXPECT_EQ(waitpid(process, &status, 0), process);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 0;
}

TEST_F(MirrorReader, MayBeAnotherUserOfTheGroupWhileTheWriterRunsAndAfterItStopped) {
  const gid_t group = geteuid() == 0 ? 54'322 : getegid();
  const TemporaryFolder shared;
  const std::filesystem::path file = shared.path() / "mirror.db";
  ASSERT_EQ(chown(shared.path().c_str(), geteuid(), group), 0);
  ASSERT_EQ(chmod(shared.path().c_str(), 02750), 0);
  std::optional<Mirror> other(Mirror::open({.path = file}));
  const ListingId id = set_watchlist(*other, watched).front().id;
  other->apply_page({.listing = id, .page = page_of({{.code = "a"}})});
  EXPECT_EQ(count_as_group_reader(file, group), 1);
  other->apply_page({.listing = id, .page = page_of({{.code = "b"}})});
  other->checkpoint();
  EXPECT_EQ(count_as_group_reader(file, group), 2);
  other.reset();
  EXPECT_EQ(count_as_group_reader(file, group), 2);
  other.emplace(Mirror::open({.path = file}));
  EXPECT_EQ(count_as_group_reader(file, group), 2);
}

TEST_F(MirrorReader, MayNotBeAWriter) {
  SQLite::Database other(path.string(), SQLite::OPEN_READWRITE, 0);
  other.exec("BEGIN IMMEDIATE");
  try {
    apply(listing, page_of({{.code = "a"}}));
    FAIL() << "another program holds the write lock";
  } catch (const MirrorError& error) {
    EXPECT_EQ(error.reason(), MirrorError::Reason::unwritable);
    EXPECT_THAT(error.what(), testing::HasSubstr("another program"));
  }
  other.exec("ROLLBACK");
  EXPECT_EQ(apply(listing, page_of({{.code = "a"}})).inserted, 1);
}

TEST_F(MirrorReader, DoesNotLetTheLogGrowWithoutReaders) {
  for (int i = 0; i < 60; ++i) {
    write_much();
    mirror.checkpoint();
  }
  EXPECT_LT(log_size(), 8 * kMiB);
}

/// Short reads one after the other, on a thread of its own.
class BusyReader {
 public:
  explicit BusyReader(const std::filesystem::path& path) : thread_([this, path] { read(path); }) {}
  ~BusyReader() {
    done_ = true;
    thread_.join();
  }

 private:
  void read(const std::filesystem::path& path) {
    while (!done_) static_cast<void>(LongReader(path).count());
  }

  std::atomic<bool> done_ = false;
  std::thread thread_;
};

TEST_F(MirrorReader, DoesNotLetTheLogGrowByReadersThatOverlap) {
  const BusyReader first(path);
  const BusyReader second(path);
  const BusyReader third(path);
  std::uintmax_t largest = 0;
  for (int i = 0; i < 100; ++i) {
    write_much();
    mirror.checkpoint();
    largest = std::max(largest, log_size());
  }
  EXPECT_LT(largest, 50 * kMiB);
}

TEST_F(MirrorReader, GivesTheLogsRoomBackAfterALongReader) {
  std::optional<LongReader> reader(path);
  for (int i = 0; i < 24; ++i) {
    write_much();
    mirror.checkpoint();
  }
  EXPECT_GT(log_size(), 16 * kMiB);
  reader.reset();
  mirror.checkpoint();
  EXPECT_EQ(log_size(), 0U);
}

TEST_F(MirrorReader, MakesACheckpointDueBySizeAlone) {
  EXPECT_FALSE(mirror.checkpoint_due());
  for (int i = 0; i < 24; ++i) write_much();
  EXPECT_TRUE(mirror.checkpoint_due());
  mirror.checkpoint();
  EXPECT_FALSE(mirror.checkpoint_due());
}

TEST_F(MirrorReader, MakesNoCheckpointDueAgainAtOnceWhileAReaderHoldsTheLog) {
  const LongReader reader(path);
  for (int i = 0; i < 24; ++i) write_much();
  mirror.checkpoint();
  write_much();
  EXPECT_FALSE(mirror.checkpoint_due());
}

}  // namespace
}  // namespace couponsync
