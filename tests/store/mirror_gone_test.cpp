#include "store/file_faults.h"
#include "store/mirror_fixture.h"
#include "store/other_process.h"
#include "support/watchlist.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <csignal>
#include <fstream>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <unistd.h>

namespace couponsync {
namespace {

namespace fs = std::filesystem;
using Reason = MirrorError::Reason;
using testing::AllOf;
using testing::HasSubstr;

/// What another process does to the files of a mirror that is open.
struct Deed {
  const char* name;
  std::function<void(const fs::path& mirror)> done_to;
  std::string says{};  ///< what the mirror says of it
};

std::string name_of_deed(const testing::TestParamInfo<Deed>& test) { return test.param.name; }

/// A mirror with a coupon in its file and one in its log, in a folder of its own. `copy.db` beside that
/// folder is the file when it had no coupon.
class OpenMirror : public testing::TestWithParam<Deed> {
 protected:
  OpenMirror() {
    fs::create_directory(path.parent_path());
    {
      const Mirror first = Mirror::open({.path = path});
    }
    copy_over(path, old_copy);
    mirror.emplace(Mirror::open({.path = path}));
    listing = set_watchlist(*mirror, std::vector{user("openid-1")}).front().id;
    apply("a");
    mirror->checkpoint();
    apply("b");
  }
  void apply(const std::string& code) {
    mirror->apply_page({.listing = listing, .page = page_of({{.code = code}})});
  }
  /// In a process of its own: whoever closes a descriptor takes away its process's locks.
  void let_others_do(const std::function<void(const fs::path&)>& deed) const {
    ASSERT_EQ(in_child([&] {
                deed(path);
                return 0;
              }),
              0);
  }
  /// What the next use of the mirror fails with.
  std::optional<MirrorError> failure_of(const std::function<void()>& use) const {
    try {
      use();
    } catch (const MirrorError& error) {
      return error;
    }
    return std::nullopt;
  }
  std::string coupons(const fs::path& file) const {
    return value(file, "SELECT group_concat(coupon_code, ' ') FROM coupon");
  }

  TemporaryFolder folder;
  fs::path path = folder.path() / "state" / "mirror.db";
  fs::path old_copy = folder.path() / "copy.db";
  std::optional<Mirror> mirror;
  ListingId listing = 0;
};

class Loss : public OpenMirror {};

TEST_P(Loss, IsNoticedBeforeTheNextCommitAndEverAfter) {
  let_others_do(GetParam().done_to);
  const auto told = failure_of([&] { mirror->require_intact(); });
  ASSERT_TRUE(told);
  EXPECT_EQ(told->reason(), Reason::gone);
  EXPECT_THAT(told->what(), AllOf(HasSubstr(path.string()), HasSubstr(GetParam().says),
                                  HasSubstr("nothing is written any more")));
  for (const auto& use :
       std::vector<std::function<void()>>{[&] { apply("c"); }, [&] { mirror->begin(); },
                                          [&] { mirror->checkpoint(); }, [&] { mirror->require_intact(); }}) {
    const auto again = failure_of(use);
    ASSERT_TRUE(again);
    EXPECT_EQ(again->reason(), Reason::gone);
    EXPECT_STREQ(again->what(), told->what());
  }
}

TEST_P(Loss, IsNoticedInTheMidstOfATransaction) {
  mirror->begin();
  apply("c");
  let_others_do(GetParam().done_to);
  const auto told = failure_of([&] { mirror->commit(); });
  ASSERT_TRUE(told);
  EXPECT_EQ(told->reason(), Reason::gone);
}

TEST_P(Loss, IsNoticedByWhoeverAppliesAPage) {
  let_others_do(GetParam().done_to);
  const auto told = failure_of([&] { apply("c"); });
  ASSERT_TRUE(told);
  EXPECT_EQ(told->reason(), Reason::gone);
}

fs::path log_of(const fs::path& mirror) { return mirror.string() + "-wal"; }
fs::path index_of(const fs::path& mirror) { return mirror.string() + "-shm"; }
fs::path lock_of(const fs::path& mirror) { return mirror.string() + ".lock"; }
fs::path copy_beside(const fs::path& mirror) { return mirror.parent_path().parent_path() / "copy.db"; }

const Deed kMovedAway{"MovedAway", [](const fs::path& m) { fs::rename(m, m.string() + ".away"); },
                      "mirror.db was moved away"};
const Deed kRemoved{"Removed", [](const fs::path& m) { fs::remove(m); }, "mirror.db was removed"};
const Deed kReplaced{"Replaced", [](const fs::path& m) { fs::rename(copy_beside(m), m); },
                     "mirror.db is another file now"};
const Deed kWrittenOver{"WrittenOver", [](const fs::path& m) { copy_over(copy_beside(m), m); },
                        "was written over"};
const Deed kEmptied{"Emptied", [](const fs::path& m) { fs::resize_file(m, 0); }, "was written over"};
const Deed kCut{"Cut", [](const fs::path& m) { fs::resize_file(m, 5'000); }, "was written over"};
const Deed kOverwrittenInParts{"OverwrittenInParts",
                               [](const fs::path& m) {
                                 std::fstream(m, std::ios::binary | std::ios::in | std::ios::out)
                                     << std::string(200, 'x');
                               },
                               "was written over"};
const Deed kLogRemoved{"LogRemoved", [](const fs::path& m) { fs::remove(log_of(m)); },
                       "mirror.db-wal is gone"};
const Deed kLogReplacedByAnEmptyOne{"LogReplacedByAnEmptyOne",
                                    [](const fs::path& m) {
                                      fs::rename(log_of(m), m.string() + ".away");
                                      std::ofstream made(log_of(m));
                                    },
                                    "mirror.db-wal is another file now"};
const Deed kLogReplaced{"LogReplaced",
                        [](const fs::path& m) {
                          copy_over(log_of(m), m.string() + ".new");
                          fs::rename(m.string() + ".new", log_of(m));
                        },
                        "mirror.db-wal is another file now"};
const Deed kLogEmptied{"LogEmptied", [](const fs::path& m) { fs::resize_file(log_of(m), 0); },
                       "mirror.db-wal was cut short"};
const Deed kLogCut{"LogCut",
                   [](const fs::path& m) { fs::resize_file(log_of(m), fs::file_size(log_of(m)) / 2); },
                   "mirror.db-wal was cut short"};
const Deed kIndexRemoved{"IndexRemoved", [](const fs::path& m) { fs::remove(index_of(m)); },
                         "mirror.db-shm is gone"};
const Deed kIndexReplaced{"IndexReplaced",
                          [](const fs::path& m) {
                            copy_over(index_of(m), m.string() + ".new");
                            fs::rename(m.string() + ".new", index_of(m));
                          },
                          "mirror.db-shm is another file now"};
const Deed kIndexEmptied{"IndexEmptied", [](const fs::path& m) { fs::resize_file(index_of(m), 0); },
                         "mirror.db-shm was cut short"};
const Deed kLockRemoved{"LockRemoved", [](const fs::path& m) { fs::remove(lock_of(m)); },
                        "mirror.db.lock is gone"};
const Deed kLockReplaced{"LockReplaced",
                         [](const fs::path& m) {
                           fs::rename(lock_of(m), m.string() + ".away");
                           std::ofstream made(lock_of(m));
                         },
                         "mirror.db.lock is another file now"};
const Deed kAllRemoved{"AllRemoved",
                       [](const fs::path& m) {
                         for (const char* suffix : {"", "-wal", "-shm", ".lock"})
                           fs::remove(m.string() + suffix);
                       },
                       "mirror.db was removed"};
const Deed kFolderRemoved{"FolderRemoved", [](const fs::path& m) { fs::remove_all(m.parent_path()); },
                          "mirror.db was removed"};
const Deed kFolderRenamed{
    "FolderRenamed",
    [](const fs::path& m) { fs::rename(m.parent_path(), m.parent_path().string() + ".away"); },
    "mirror.db was moved away"};

INSTANTIATE_TEST_SUITE_P(Each, Loss,
                         testing::Values(kMovedAway, kRemoved, kReplaced, kWrittenOver, kEmptied, kCut,
                                         kOverwrittenInParts, kLogRemoved, kLogReplacedByAnEmptyOne,
                                         kLogReplaced, kLogEmptied, kLogCut, kIndexRemoved, kIndexReplaced,
                                         kIndexEmptied, kLockRemoved, kLockReplaced, kAllRemoved,
                                         kFolderRemoved, kFolderRenamed),
                         name_of_deed);

class Bystander : public OpenMirror {};

TEST_P(Bystander, CostsNothing) {
  let_others_do(GetParam().done_to);
  mirror->require_intact();
  apply("c");
  mirror->checkpoint();
  apply("d");
  mirror.reset();
  mirror.emplace(Mirror::open({.path = path}));
  EXPECT_EQ(coupons(path), "a b c d");
  EXPECT_EQ(value(path, "PRAGMA integrity_check"), "ok");
}

INSTANTIATE_TEST_SUITE_P(
    Each, Bystander,
    testing::Values(
        Deed{"WhoReads", [](const fs::path& m) { value(m, "SELECT count(*) FROM coupon"); }},
        Deed{"WhoOpensItToWrite", [](const fs::path& m) { execute(m, "SELECT count(*) FROM coupon"); }},
        Deed{"WhoEmptiesTheLog", [](const fs::path& m) { execute(m, "PRAGMA wal_checkpoint(TRUNCATE)"); }},
        Deed{"WhoMovesTheLog", [](const fs::path& m) { execute(m, "PRAGMA wal_checkpoint(PASSIVE)"); }},
        Deed{"WhoWrites", [](const fs::path& m) { execute(m, "UPDATE listing SET failures = 0; ANALYZE"); }},
        Deed{"WhoWritesAndEmptiesTheLog",
             [](const fs::path& m) { execute(m, "ANALYZE; PRAGMA wal_checkpoint(TRUNCATE)"); }},
        Deed{"WhoWantsNoLog",
             [](const fs::path& m) {
               EXPECT_ANY_THROW(execute(m, "PRAGMA busy_timeout = 0; PRAGMA journal_mode = DELETE"));
             }},
        Deed{"WhoCopies", [](const fs::path& m) { copy_over(m, m.string() + ".copy"); }},
        Deed{"WhoTouches",
             [](const fs::path& m) {
               for (const char* suffix : {"", "-wal", "-shm", ".lock"})
                 fs::last_write_time(m.string() + suffix, {});
             }},
        Deed{"WhoGivesItASecondName", [](const fs::path& m) { fs::create_hard_link(m, m.string() + "2"); }},
        Deed{"WhoChangesModes",
             [](const fs::path& m) { fs::permissions(m, fs::perms::owner_read | fs::perms::owner_write); }},
        Deed{"WhoMovesItAwayAndBack",
             [](const fs::path& m) {
               fs::rename(m, m.string() + ".away");
               fs::rename(m.string() + ".away", m);
             }}),
    name_of_deed);

/// A checkpoint that was broken off leaves a file that makes no sense without its log, and that is no loss.
TEST_F(OpenMirror, WhoseCheckpointBreaksOffAgainAndAgainGoesOn) {
  for (int nth = 1; nth < 12; ++nth) {
    for (int i = 0; i < 40; ++i) apply(std::to_string(100 * nth + i));
    {
      const FileFault broken = FileFault::at(FileFault::Call::checkpoint_write, nth, EIO);
      try {
        mirror->checkpoint();
      } catch (const MirrorError& error) {
        EXPECT_EQ(error.reason(), Reason::unwritable) << error.what();
      }
    }
    mirror->require_intact();
  }
  mirror->checkpoint();
  apply("last");
  mirror.reset();
  mirror.emplace(Mirror::open({.path = path}));
  EXPECT_EQ(value(path, "PRAGMA integrity_check"), "ok");
  EXPECT_EQ(value(path, "SELECT count(*) FROM coupon"), std::to_string(2 + 11 * 40 + 1));
}

TEST_F(OpenMirror, WhoseCheckpointWasBrokenOffByAProgramThatWasKilledGoesOn) {
  for (int i = 0; i < 60; ++i) apply(std::to_string(i));
  for (int nth = 1; nth < 8; ++nth)
    EXPECT_EQ(in_child([&] {
                const FileFault killed = FileFault::kill_at(FileFault::Call::checkpoint_write, nth);
                execute(path, "PRAGMA wal_checkpoint(PASSIVE)");
                return 0;
              }),
              -SIGKILL);
  mirror->require_intact();
  apply("c");
  mirror->checkpoint();
  mirror.reset();
  EXPECT_EQ(value(path, "PRAGMA integrity_check"), "ok");
  EXPECT_EQ(value(path, "SELECT count(*) FROM coupon"), "63");
}

/// It may be a copy that is being made over it: to move the log into that would spoil it.
TEST_F(OpenMirror, PutsACheckpointOffWhileAnotherProgramMayBeWritingToTheFile) {
  for (int i = 0; i < 60; ++i) apply(std::to_string(i));
  EXPECT_EQ(in_child([&] {
              const FileFault killed = FileFault::kill_at(FileFault::Call::checkpoint_write, 3);
              execute(path, "PRAGMA wal_checkpoint(PASSIVE)");
              return 0;
            }),
            -SIGKILL);
  const auto modified = fs::last_write_time(path);
  EXPECT_FALSE(mirror->checkpoint());
  EXPECT_EQ(fs::last_write_time(path), modified);
  while (!mirror->checkpoint()) std::this_thread::yield();
  EXPECT_NE(fs::last_write_time(path), modified);
}

class LossOfTheLog : public OpenMirror {};

TEST_P(LossOfTheLog, LosesNothingThatWasCommitted) {
  let_others_do(GetParam().done_to);
  EXPECT_TRUE(failure_of([&] { mirror->require_intact(); }));
  mirror.reset();
  EXPECT_EQ(coupons(path), "a b");
  mirror.emplace(Mirror::open({.path = path}));
  EXPECT_EQ(coupons(path), "a b");
  EXPECT_EQ(value(path, "PRAGMA integrity_check"), "ok");
}

TEST_P(LossOfTheLog, LosesNothingThatWasCommittedEvenIfTheEndComesFirst) {
  let_others_do(GetParam().done_to);
  mirror.reset();
  EXPECT_EQ(coupons(path), "a b");
}

INSTANTIATE_TEST_SUITE_P(Each, LossOfTheLog,
                         testing::Values(kLogRemoved, kLogReplacedByAnEmptyOne, kIndexRemoved, kIndexReplaced,
                                         kLockRemoved, kLockReplaced),
                         name_of_deed);

TEST_F(OpenMirror, ThatIsMovedAwayIsWholeWhereItIsAndLeavesNoLogThatCouldBePlayedOverAnother) {
  let_others_do(kMovedAway.done_to);
  mirror.reset();
  EXPECT_EQ(coupons(path.string() + ".away"), "a b");
  EXPECT_EQ(fs::file_size(log_of(path)), 0U);
  copy_over(old_copy, path);
  mirror.emplace(Mirror::open({.path = path}));
  EXPECT_EQ(coupons(path), "NULL");
}

TEST_F(OpenMirror, ThatIsReplacedLeavesTheOtherFileAsItIs) {
  const std::string before = content_of(old_copy);
  let_others_do(kReplaced.done_to);
  mirror.reset();
  EXPECT_EQ(content_of(path), before);
  EXPECT_EQ(fs::file_size(log_of(path)), 0U);
  mirror.emplace(Mirror::open({.path = path}));
  EXPECT_EQ(coupons(path), "NULL");
}

class Damage : public OpenMirror {};

TEST_P(Damage, IsNotMadeWorse) {
  let_others_do(GetParam().done_to);
  const std::string file = content_of(path);
  const std::string log = content_of(log_of(path));
  mirror.reset();
  EXPECT_EQ(content_of(path), file);
  EXPECT_EQ(content_of(log_of(path)), log);
}

INSTANTIATE_TEST_SUITE_P(Each, Damage,
                         testing::Values(kWrittenOver, kEmptied, kCut, kOverwrittenInParts, kLogReplaced,
                                         kLogEmptied, kLogCut, kIndexEmptied),
                         name_of_deed);

TEST_F(OpenMirror, ThatMovesWithItsFolderIsWholeThere) {
  let_others_do(kFolderRenamed.done_to);
  mirror.reset();
  EXPECT_EQ(coupons(folder.path() / "state.away" / "mirror.db"), "a b");
}

TEST_F(OpenMirror, WhoseLinkLeadsElsewhereSaysSo) {
  mirror.reset();
  fs::create_symlink(path, folder.path() / "current.db");
  mirror.emplace(Mirror::open({.path = folder.path() / "current.db"}));
  mirror->require_intact();
  fs::create_symlink(old_copy, folder.path() / "next.db");
  fs::rename(folder.path() / "next.db", folder.path() / "current.db");
  const auto told = failure_of([&] { mirror->require_intact(); });
  ASSERT_TRUE(told);
  EXPECT_EQ(told->reason(), Reason::gone);
  EXPECT_THAT(told->what(), HasSubstr("mirror.path " + (folder.path() / "current.db").string()));
}

TEST_F(OpenMirror, LetsNoSecondWriterInThoughItsLockFileIsGone) {
  let_others_do(kLockRemoved.done_to);
  EXPECT_EQ(in_child([&] {
              const Mirror second = Mirror::open({.path = path});
              return 0;
            }),
            10 + static_cast<int>(Reason::in_use));
  mirror.reset();
  mirror.emplace(Mirror::open({.path = path}));
}

}  // namespace
}  // namespace couponsync
