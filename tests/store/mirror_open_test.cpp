#include "store/mirror_fixture.h"
#include "store/mirror_reader.h"
#include "store/other_process.h"
#include "store/schema.h"
#include "support/descriptor_shortage.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <fstream>
#include <optional>
#include <string>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

namespace couponsync {
namespace {

using Reason = MirrorError::Reason;
using test::DescriptorShortage;
using testing::AllOf;
using testing::HasSubstr;

class MirrorOpen : public testing::Test {
 protected:
  void open() const { const Mirror mirror = Mirror::open({.path = path}); }
  /// What opening fails with.
  MirrorError failure() const {
    try {
      open();
    } catch (const MirrorError& error) {
      return error;
    }
    throw std::runtime_error("it opened");
  }
  void write_file(const std::string& text) const { std::ofstream(path, std::ios::binary) << text; }
  mode_t mode_of(const std::string& suffix) const {
    struct stat status{};
    EXPECT_EQ(stat((path.string() + suffix).c_str(), &status), 0) << suffix;
    return status.st_mode & 07777;
  }

  TemporaryFolder folder;
  std::filesystem::path path = folder.path() / "mirror.db";
};

/// While it lives SQLite can share no memory with other processes, as on most network file systems.
class WithoutSharedMemory {
 public:
  WithoutSharedMemory() : usual_(sqlite3_vfs_find(nullptr)) {
    sqlite3_vfs_register(sqlite3_vfs_find("unix-none"), 1);
  }
  WithoutSharedMemory(const WithoutSharedMemory&) = delete;
  WithoutSharedMemory& operator=(const WithoutSharedMemory&) = delete;
  ~WithoutSharedMemory() { sqlite3_vfs_register(usual_, 1); }

 private:
  sqlite3_vfs* usual_;
};

class Umask {
 public:
  explicit Umask(mode_t mask) : before_(umask(mask)) {}
  ~Umask() { umask(before_); }

 private:
  mode_t before_;
};

TEST_F(MirrorOpen, MakesAFileWithItsIdentityAndVersion) {
  open();
  EXPECT_EQ(value(path, "PRAGMA application_id"), "1129337668");
  EXPECT_EQ(value(path, "PRAGMA user_version"), std::to_string(schema_version()));
  EXPECT_EQ(value(path, "PRAGMA journal_mode"), "wal");
  EXPECT_EQ(value(path, "PRAGMA integrity_check"), "ok");
}

TEST_F(MirrorOpen, RefusesAFileSystemOnWhichThereCanBeNoLog) {
  const WithoutSharedMemory files;
  const MirrorError error = failure();
  EXPECT_EQ(error.reason(), Reason::unwritable);
  EXPECT_THAT(error.what(), HasSubstr("its file system cannot share memory; move it to a local"));
}

TEST_F(MirrorOpen, LetsTheGroupReadWhateverTheUmask) {
  for (const mode_t mask : {0000, 0022, 0077, 0177}) {
    const TemporaryFolder own;
    path = own.path() / "mirror.db";
    const Umask umask(mask);
    const Mirror mirror = Mirror::open({.path = path});
    for (const char* suffix : {"", "-wal", "-shm", ".lock"}) EXPECT_EQ(mode_of(suffix), 0640) << suffix;
  }
}

TEST_F(MirrorOpen, KeepsItsRedactionKey) {
  std::vector<std::byte> first;
  {
    const Mirror mirror = Mirror::open({.path = path});
    first = mirror.redaction_key();
  }
  EXPECT_EQ(first.size(), 32U);
  EXPECT_EQ(Mirror::open({.path = path}).redaction_key(), first);
  const TemporaryFolder other;
  EXPECT_NE(Mirror::open({.path = other.path() / "mirror.db"}).redaction_key(), first);
}

TEST_F(MirrorOpen, TakesAnEmptyFileAsNew) {
  write_file("");
  open();
  EXPECT_EQ(value(path, "PRAGMA application_id"), "1129337668");
}

TEST_F(MirrorOpen, TakesAnEmptyDatabaseAsNew) {
  execute(path, "PRAGMA journal_mode = WAL; CREATE TABLE t (a); DROP TABLE t");
  open();
  EXPECT_EQ(value(path, "SELECT count(*) FROM coupon"), "0");
}

TEST_F(MirrorOpen, TakesWhatTheSchemaCommandMade) {
  execute(path, std::string(schema_ddl()));
  const Mirror mirror = Mirror::open({.path = path});
  EXPECT_EQ(mirror.redaction_key().size(), 32U);
}

TEST_F(MirrorOpen, RefusesAFileThatIsNoDatabase) {
  for (const std::string& text :
       {std::string("hello"), std::string(5'000, 'x'), std::string("SQLite format 3")}) {
    write_file(text);
    const MirrorError error = failure();
    EXPECT_EQ(error.reason(), Reason::refused);
    EXPECT_THAT(error.what(), AllOf(HasSubstr(path.string()), HasSubstr("not an SQLite database")));
    EXPECT_EQ(std::filesystem::file_size(path), text.size());
  }
}

TEST_F(MirrorOpen, RefusesAnotherApplicationsDatabaseAndLeavesItAlone) {
  execute(path, "PRAGMA application_id = 42; CREATE TABLE theirs (a)");
  const MirrorError error = failure();
  EXPECT_EQ(error.reason(), Reason::refused);
  EXPECT_THAT(error.what(), HasSubstr("another application"));
  EXPECT_EQ(rows(path, "SELECT name FROM sqlite_schema"), std::vector<std::string>{"theirs"});
  EXPECT_FALSE(std::filesystem::exists(path.string() + "-wal"));
}

TEST_F(MirrorOpen, RefusesADatabaseWithTablesAndNoIdentity) {
  execute(path, "CREATE TABLE theirs (a)");
  EXPECT_EQ(failure().reason(), Reason::refused);
  EXPECT_EQ(rows(path, "SELECT name FROM sqlite_schema"), std::vector<std::string>{"theirs"});
}

TEST_F(MirrorOpen, NamesAShortageOfDescriptorsAsWhatItIsWhereverItStrikes) {
  open();
  unsigned free = 0;
  for (bool opened = false; !opened; ++free) {
    ASSERT_LT(free, 20U);
    const DescriptorShortage shortage(free);
    try {
      const Mirror mirror = Mirror::open({.path = path});
      opened = true;
    } catch (const MirrorError& error) {
      EXPECT_EQ(error.reason(), Reason::out_of_descriptors) << free << " free: " << error.what();
      EXPECT_THAT(error.what(), AllOf(HasSubstr(path.string()), HasSubstr("LimitNOFILE")));
    }
  }
  EXPECT_GT(free, 3U) << "the lock, the file and its log";
  const DescriptorShortage shortage;
  try {
    read_mirror_status(path);
    ADD_FAILURE() << "there was a descriptor";
  } catch (const MirrorError& error) {
    EXPECT_EQ(error.reason(), Reason::out_of_descriptors) << error.what();
  }
}

TEST_F(MirrorOpen, RefusesANewerMirrorAndNamesBothVersions) {
  open();
  execute(path, "PRAGMA user_version = 77");
  const MirrorError error = failure();
  EXPECT_EQ(error.reason(), Reason::refused);
  EXPECT_THAT(error.what(),
              AllOf(HasSubstr("version is 77"), HasSubstr("up to " + std::to_string(schema_version()))));
  EXPECT_EQ(value(path, "PRAGMA user_version"), "77");
}

TEST_F(MirrorOpen, RefusesADamagedFile) {
  open();
  std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
  file.seekp(100);
  file << std::string(3'900, '\x5a');
  file.close();
  const MirrorError error = failure();
  EXPECT_EQ(error.reason(), Reason::refused);
  EXPECT_THAT(error.what(), HasSubstr("damaged"));
}

TEST_F(MirrorOpen, RefusesAMirrorThatLostATable) {
  open();
  execute(path, "DROP TABLE coupon_change");
  const MirrorError error = failure();
  EXPECT_EQ(error.reason(), Reason::refused);
  EXPECT_THAT(error.what(), HasSubstr("coupon_change"));
}

TEST_F(MirrorOpen, SaysThatItsFolderIsMissing) {
  path = folder.path() / "absent" / "mirror.db";
  const MirrorError error = failure();
  EXPECT_EQ(error.reason(), Reason::unwritable);
  EXPECT_THAT(error.what(), AllOf(HasSubstr(path.string()), HasSubstr("make its folder")));
}

TEST_F(MirrorOpen, RefusesToWriteToAFolder) {
  std::filesystem::create_directory(path);
  const MirrorError error = failure();
  EXPECT_EQ(error.reason(), Reason::unwritable);
  EXPECT_THAT(error.what(), HasSubstr("not a regular file"));
}

TEST_F(MirrorOpen, IsRefusedASecondTimeAndNamesTheHolder) {
  const Mirror mirror = Mirror::open({.path = path});
  const MirrorError error = failure();
  EXPECT_EQ(error.reason(), Reason::in_use);
  EXPECT_THAT(error.what(), AllOf(HasSubstr(path.string()), HasSubstr("process " + std::to_string(getpid())),
                                  HasSubstr("(store_test)")));
}

TEST_F(MirrorOpen, KnowsAMirrorUnderAnotherName) {
  std::filesystem::create_symlink(path, folder.path() / "alias.db");
  const Mirror mirror = Mirror::open({.path = folder.path() / "." / "mirror.db"});
  path = folder.path() / "alias.db";
  EXPECT_EQ(failure().reason(), Reason::in_use);
}

TEST_F(MirrorOpen, IsRefusedToAnotherProcessUntilThisOneIsDone) {
  std::optional<Mirror> mirror(Mirror::open({.path = path}));
  const auto child = [&] {
    open();
    return 0;
  };
  EXPECT_EQ(in_child(child), 10 + static_cast<int>(Reason::in_use));
  mirror.reset();
  EXPECT_EQ(in_child(child), 0);
}

TEST_F(MirrorOpen, GetsTheLockOfAProcessThatWasKilled) {
  const int code = in_child([&] {
    const Mirror mirror = Mirror::open({.path = path});
    kill(getpid(), SIGKILL);
    return 0;
  });
  EXPECT_EQ(code, -SIGKILL);
  open();
}

TEST_F(MirrorOpen, SaysThatAnUnprivilegedUserCannotWrite) {
  if (geteuid() != 0) std::filesystem::permissions(folder.path(), std::filesystem::perms(0555));
  const int code = in_child([&] {
    if (geteuid() == 0 && (setgid(65'534) != 0 || setuid(65'534) != 0)) return 98;
    open();
    return 0;
  });
  EXPECT_EQ(code, 10 + static_cast<int>(Reason::unwritable));
  std::filesystem::permissions(folder.path(), std::filesystem::perms(0755));
}

TEST_F(MirrorOpen, SaysThatAReadOnlyFileCannotBeWritten) {
  open();
  std::filesystem::permissions(folder.path(), std::filesystem::perms(0777));
  std::filesystem::permissions(path, std::filesystem::perms(0444));
  std::filesystem::remove(path.string() + ".lock");
  const int code = in_child([&] {
    if (geteuid() == 0 && (setgid(65'534) != 0 || setuid(65'534) != 0)) return 98;
    open();
    return 0;
  });
  EXPECT_EQ(code, 10 + static_cast<int>(Reason::unwritable));
}

TEST_F(MirrorOpen, GoesOnAfterAnInterruptedCreation) {
  const int code = in_child([&] {
    // The file may not grow past two pages: making the tables is cut off.
    const rlimit limit{.rlim_cur = 8'192, .rlim_max = 8'192};
    setrlimit(RLIMIT_FSIZE, &limit);
    signal(SIGXFSZ, SIG_IGN);
    open();
    return 0;
  });
  EXPECT_EQ(code, 10 + static_cast<int>(Reason::unwritable));
  open();
  EXPECT_EQ(value(path, "SELECT count(*) FROM v_coupon"), "0");
}

}  // namespace
}  // namespace couponsync
