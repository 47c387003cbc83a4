#include "configuration/file_pattern.h"

#include "support/temporary_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sys/stat.h>
#include <unistd.h>

namespace couponsync::daemon::test {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::IsEmpty;

class FilePatternTest : public testing::Test {
 protected:
  explicit FilePatternTest(const std::string& name = "plain") : base_(folder_.path() / name) {
    fs::create_directories(base_);
  }
  void make(const std::vector<std::string>& files) const {
    for (const std::string& file : files) {
      fs::create_directories((base_ / file).parent_path());
      std::ofstream(base_ / file) << "o1\n";
    }
  }
  /// What matches, relative to the folder.
  std::vector<std::string> matches(const std::string& pattern) const {
    const MatchedFiles matched = matching_files({base_, pattern});
    EXPECT_THAT(matched.problems, IsEmpty());
    std::vector<std::string> names;
    for (const fs::path& file : matched.files) names.push_back(file.lexically_relative(base_).string());
    return names;
  }

  couponsync::test::TemporaryFolder folder_;
  fs::path base_;
};

TEST_F(FilePatternTest, IsTheOneFileWithoutAPattern) {
  make({"a.txt"});
  EXPECT_THAT(matching_files({base_ / "a.txt", ""}).files, ElementsAre(base_ / "a.txt"));
  EXPECT_THAT(matching_files({base_ / "b.txt", ""}).files, IsEmpty());
}

TEST_F(FilePatternTest, MatchesByNameInOrderAndLeavesHiddenFilesOut) {
  make({"m2.txt", "m10.txt", "m1.txt", ".m3.txt", "other", "d2/m.txt", "d1/m.txt"});
  EXPECT_THAT(matches("m*.txt"), ElementsAre("m1.txt", "m10.txt", "m2.txt"));
  EXPECT_THAT(matches("m?.txt"), ElementsAre("m1.txt", "m2.txt"));
  EXPECT_THAT(matches("m[!1].txt"), ElementsAre("m2.txt"));
  EXPECT_THAT(matches(".m*.txt"), ElementsAre(".m3.txt"));
  EXPECT_THAT(matches("*/m.txt"), ElementsAre("d1/m.txt", "d2/m.txt"));
  EXPECT_THAT(matches("d[12]/*"), ElementsAre("d1/m.txt", "d2/m.txt"));
  EXPECT_THAT(matches("d1/../*1.txt"), ElementsAre("d1/../m1.txt"));
  EXPECT_THAT(matches("n*.txt"), IsEmpty());
  EXPECT_THAT(matches("nowhere/*.txt"), IsEmpty());
  EXPECT_THAT(matches("m1.txt/*.txt"), IsEmpty());
}

TEST_F(FilePatternTest, TakesAnEscapedCharacterAsItself) {
  make({"m*.txt", "mx.txt"});
  EXPECT_THAT(matches("m\\*.txt"), ElementsAre("m*.txt"));
}

TEST_F(FilePatternTest, TakesAPartAsItIsWrittenIfThereIsSomethingOfThatName) {
  make({"m1.txt", "week[1]/m1.txt", "week1/m1.txt", "back\\slash/m1.txt"});
  EXPECT_THAT(matches("m[1].txt"), ElementsAre("m1.txt"));
  EXPECT_THAT(matches("week[1]/m*.txt"), ElementsAre("week[1]/m1.txt"));
  EXPECT_THAT(matches("back\\slash/m*.txt"), ElementsAre("back\\slash/m1.txt"));
  make({"m[1].txt"});
  EXPECT_THAT(matches("m[1].txt"), ElementsAre("m[1].txt"));
}

TEST_F(FilePatternTest, AFileCalledLikeAPatternThatMatchesItHidesNoOther) {
  make({"m*.txt", "m1.txt"});
  EXPECT_THAT(matches("m*.txt"), ElementsAre("m*.txt", "m1.txt"));
}

TEST_F(FilePatternTest, FindsALinkThatLeadsNowhereSoThatItIsToldOf) {
  fs::create_symlink(base_ / "gone", base_ / "m1.txt");
  EXPECT_THAT(matches("m*.txt"), ElementsAre("m1.txt"));
  EXPECT_THAT(matches("m1.txt"), ElementsAre("m1.txt"));
}

TEST_F(FilePatternTest, NamesAFolderThatCannotBeLookedThrough) {
  fs::create_symlink(base_ / "loop", base_ / "loop");
  const MatchedFiles matched = matching_files({base_, "loop/*.txt"});
  EXPECT_THAT(matched.files, IsEmpty());
  EXPECT_THAT(matched.problems, ElementsAre((base_ / "loop").string() +
                                            ": cannot be looked through: Too many levels of symbolic links"));
}

/// As long as it lives this process is nobody if it is root, to whom nothing is closed.
class NotRoot {
 public:
  NotRoot() : user_(geteuid()) {
    if (user_ == 0) {
      EXPECT_EQ(seteuid(kNobody), 0);
    }
  }
  NotRoot(const NotRoot&) = delete;
  NotRoot& operator=(const NotRoot&) = delete;
  ~NotRoot() { EXPECT_EQ(seteuid(user_), 0); }

 private:
  static constexpr uid_t kNobody = 65'534;
  uid_t user_;
};

TEST_F(FilePatternTest, NamesAFolderThatIsClosedToIt) {
  make({"open/m.txt", "closed/m.txt"});
  for (const fs::path& folder : {folder_.path(), base_, base_ / "open"})
    ASSERT_EQ(chmod(folder.c_str(), 0755), 0);
  ASSERT_EQ(chmod((base_ / "closed").c_str(), 0), 0);
  {
    const NotRoot not_root;
    EXPECT_EQ(matching_files({base_, "*/m*.txt"}).problems.size(), 1U);
    EXPECT_EQ(matching_files({base_, "*/m.txt"}).files.size(), 2U) << "reading the other one tells why";
  }
  EXPECT_EQ(chmod((base_ / "closed").c_str(), 0700), 0);
}

/// Folders whose names would be patterns.
class StrangeFolder : public FilePatternTest, public testing::WithParamInterface<const char*> {
 protected:
  StrangeFolder() : FilePatternTest(GetParam()) {}
};

TEST_P(StrangeFolder, IsNoPattern) {
  make({"m1.txt", "m2.txt", "sub/m3.txt"});
  for (const char* sibling : {"1", "a", "ab", "brand1", "x"}) {
    fs::create_directories(folder_.path() / sibling);
    std::ofstream(folder_.path() / sibling / "m9.txt") << "o9\n";
  }
  EXPECT_THAT(matches("m*.txt"), ElementsAre("m1.txt", "m2.txt"));
  EXPECT_THAT(matches("m1.txt"), ElementsAre("m1.txt"));
  EXPECT_THAT(matches("sub/m[3].txt"), ElementsAre("sub/m3.txt"));
}

INSTANTIATE_TEST_SUITE_P(Each, StrangeFolder,
                         testing::Values("[1]", "brand[1]", "*", "?", "a\\b", "\\", "{a,b}", "~", "~root",
                                         "[", "[!x]", "a]b", "[]", "$HOME", "with space", "\xff"));

}  // namespace
}  // namespace couponsync::daemon::test
