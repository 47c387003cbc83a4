#include "store/file_watch.h"

#include "support/temporary_folder.h"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <fstream>
#include <functional>
#include <string>
#include <unistd.h>

namespace couponsync {
namespace {

namespace fs = std::filesystem;

/// What somebody does to a file, or to the folder it is in.
struct Deed {
  const char* name;
  std::function<void(const fs::path&)> done_to;
};

std::string name_of_deed(const testing::TestParamInfo<Deed>& test) { return test.param.name; }

class FileWatchTest : public testing::TestWithParam<Deed> {
 protected:
  FileWatchTest() {
    fs::create_directory(path.parent_path());
    std::ofstream(path) << "content";
    watch.add(MirrorPart::log, path);
  }

  test::TemporaryFolder folder;
  fs::path path = folder.path() / "here" / "mirror.db";
  FileWatch watch;
};

class Harmless : public FileWatchTest {};

TEST_P(Harmless, IsNoLoss) {
  EXPECT_TRUE(watch.look().empty());
  GetParam().done_to(path);
  EXPECT_TRUE(watch.look().empty());
}

INSTANTIATE_TEST_SUITE_P(
    Each, Harmless,
    testing::Values(
        Deed{"Nothing", [](const fs::path&) {}},
        Deed{"Writing", [](const fs::path& file) { std::ofstream(file, std::ios::app) << "more"; }},
        Deed{"Touching", [](const fs::path& file) { fs::last_write_time(file, {}); }},
        Deed{"AnotherMode", [](const fs::path& file) { fs::permissions(file, fs::perms::owner_read); }},
        Deed{"ASecondName", [](const fs::path& file) { fs::create_hard_link(file, file.string() + "-too"); }},
        Deed{"AwayAndBack",
             [](const fs::path& file) {
               fs::rename(file, file.string() + "-away");
               fs::rename(file.string() + "-away", file);
             }}),
    name_of_deed);

class Removal : public FileWatchTest {};

TEST_P(Removal, IsALoss) {
  GetParam().done_to(path);
  const std::vector<FileLoss> losses = watch.look();
  ASSERT_EQ(losses.size(), 1U);
  EXPECT_EQ(losses.front().part, MirrorPart::log);
  EXPECT_FALSE(losses.front().replaced);
}

INSTANTIATE_TEST_SUITE_P(
    Each, Removal,
    testing::Values(Deed{"OfTheFile", [](const fs::path& file) { fs::remove(file); }},
                    Deed{"ByMoving", [](const fs::path& file) { fs::rename(file, file.string() + "-away"); }},
                    Deed{"OfItsNameAlone",
                         [](const fs::path& file) {
                           fs::create_hard_link(file, file.string() + "-too");
                           fs::remove(file);
                         }},
                    Deed{"OfTheFolder", [](const fs::path& file) { fs::remove_all(file.parent_path()); }},
                    Deed{"ByMovingTheFolder",
                         [](const fs::path& file) {
                           fs::rename(file.parent_path(), file.parent_path().string() + "-away");
                         }},
                    Deed{"ByAFileInTheFoldersPlace",
                         [](const fs::path& file) {
                           fs::remove_all(file.parent_path());
                           std::ofstream(file.parent_path()) << "a file";
                         }},
                    Deed{"ByALinkToItself",
                         [](const fs::path& file) {
                           fs::remove(file);
                           fs::create_symlink(file, file);
                         }}),
    name_of_deed);

class Replacement : public FileWatchTest {};

TEST_P(Replacement, IsALossThatSaysSo) {
  const int held = open(path.c_str(), O_RDONLY | O_CLOEXEC);  // else the new file might get its inode
  GetParam().done_to(path);
  const std::vector<FileLoss> losses = watch.look();
  ASSERT_EQ(losses.size(), 1U);
  EXPECT_TRUE(losses.front().replaced);
  EXPECT_EQ(losses.front().size, 3U);
  close(held);
}

INSTANTIATE_TEST_SUITE_P(Each, Replacement,
                         testing::Values(Deed{"ByMovingAnotherOverIt",
                                              [](const fs::path& file) {
                                                std::ofstream(file.string() + "-new") << "new";
                                                fs::rename(file.string() + "-new", file);
                                              }},
                                         Deed{"ByRemovingAndMakingIt",
                                              [](const fs::path& file) {
                                                fs::remove(file);
                                                std::ofstream(file) << "new";
                                              }},
                                         Deed{"ByALinkToAnother",
                                              [](const fs::path& file) {
                                                std::ofstream(file.string() + "-new") << "new";
                                                fs::remove(file);
                                                fs::create_symlink(file.string() + "-new", file);
                                              }}),
                         name_of_deed);

TEST_F(FileWatchTest, TellsOfAllThatIsLost) {
  std::ofstream(path.string() + ".lock") << "lock";
  watch.add(MirrorPart::lock, path.string() + ".lock");
  fs::remove(path);
  fs::remove(path.string() + ".lock");
  EXPECT_EQ(watch.look().size(), 2U);
}

}  // namespace
}  // namespace couponsync
