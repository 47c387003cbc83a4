#include "configuration/watchlist_shrink.h"

#include "daemon/configuration_fixture.h"

#include <gmock/gmock.h>

namespace couponsync::daemon::test {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;

class WatchlistShrink : public ConfigurationTest {
 protected:
  /// A file of so many openids, from the `first` on.
  void list(const std::string& name, int count, int first = 0) const {
    std::string text;
    for (int i = 0; i < count; ++i) text += "o" + std::to_string(first + i) + "\n";
    write(name, text);
  }
  Watchlist read(const std::vector<std::string>& patterns,
                 const std::vector<std::string>& openids = {}) const {
    Configuration configuration;
    configuration.sync.max_watchlist_shrink = 1;
    WatchGroup group;
    group.appid = "wx1";
    group.openids = openids;
    for (const std::string& pattern : patterns) group.openid_files.push_back({folder(), pattern});
    configuration.watchlist = {group};
    return expand_watchlist(configuration);
  }
  static std::string problems(const Watchlist& before, const Watchlist& now, double most = 0.5) {
    try {
      refuse_shrunken_files(before.files, now, most);
      return "";
    } catch (const ConfigurationError& error) {
      return error.what();
    }
  }
};

TEST_F(WatchlistShrink, OfAFileByMoreThanIsAllowedIsRefusedWithItsNameAndCounts) {
  list("m.txt", 300);
  const Watchlist before = read({"m.txt"}, {"oByHand"});
  list("m.txt", 3);
  EXPECT_EQ(problems(before, read({"m.txt"}, {"oByHand"})),
            "/watchlist/0/openid_files/0: " + (folder() / "m.txt").string() +
                ": 297 of the 300 openids that it gave are gone, and no more than 150 of them may be "
                "(sync.max_watchlist_shrink): if that is meant, allow it there, or restart the service");
  EXPECT_EQ(problems(before, read({"m.txt"}, {"oByHand"}), 0.99), "");
  EXPECT_EQ(problems(before, read({"m.txt"}, {"oByHand"}), 1), "");
}

TEST_F(WatchlistShrink, OfAFileToNothingIsRefused) {
  list("m.txt", 300);
  const Watchlist before = read({"m.txt"}, {"oByHand"});
  list("m.txt", 0);
  EXPECT_THAT(problems(before, read({"m.txt"}, {"oByHand"})), HasSubstr("300 of the 300"));
}

TEST_F(WatchlistShrink, ToOtherUsersAltogetherIsOneToo) {
  list("m.txt", 100);
  const Watchlist before = read({"m.txt"});
  list("m.txt", 100, 1'000);
  EXPECT_THAT(problems(before, read({"m.txt"})), HasSubstr("100 of the 100"));
}

TEST_F(WatchlistShrink, WithinTheLimitIsFine) {
  list("m.txt", 100);
  const Watchlist before = read({"m.txt"});
  list("m.txt", 50);
  EXPECT_EQ(problems(before, read({"m.txt"})), "");
  list("m.txt", 49);
  EXPECT_NE(problems(before, read({"m.txt"})), "");
}

TEST_F(WatchlistShrink, ByAFewThatAPersonTookOutIsFine) {
  list("m.txt", 1);
  Watchlist before = read({"m.txt"});
  list("m.txt", 1, 7);
  EXPECT_EQ(problems(before, read({"m.txt"})), "");
  list("m.txt", 22);
  before = read({"m.txt"});
  list("m.txt", 2);
  EXPECT_EQ(problems(before, read({"m.txt"})), "");
  list("m.txt", 1);
  EXPECT_NE(problems(before, read({"m.txt"})), "");
}

TEST_F(WatchlistShrink, OfOneFileOfManyIsFoundThoughAllTogetherHardlyShrink) {
  for (int i = 0; i < 10; ++i) list("m" + std::to_string(i) + ".txt", 100, i * 100);
  const Watchlist before = read({"m*.txt"});
  list("m7.txt", 0);
  EXPECT_THAT(problems(before, read({"m*.txt"})), AllOf(HasSubstr("m7.txt"), HasSubstr("100 of the 100")));
}

TEST_F(WatchlistShrink, OfAPatternWhoseFilesWentIsRefused) {
  for (int i = 0; i < 3; ++i) list("m" + std::to_string(i) + ".txt", 100, i * 100);
  const Watchlist before = read({"m*.txt"});
  fs::remove(folder() / "m0.txt");
  EXPECT_EQ(problems(before, read({"m*.txt"})), "") << "one of three may be taken away";
  fs::remove(folder() / "m1.txt");
  EXPECT_THAT(problems(before, read({"m*.txt"})), AllOf(HasSubstr("m*.txt: 200 of the 300")));
}

TEST_F(WatchlistShrink, IsNoneWhereTheOpenidsMoved) {
  list("a.txt", 100);
  list("b.txt", 1, 500);
  const Watchlist before = read({"a.txt", "b.txt"});
  list("a.txt", 1, 600);
  list("b.txt", 100);
  EXPECT_EQ(problems(before, read({"a.txt", "b.txt"})), "");
  const Watchlist week = read({"?.txt"});
  fs::rename(folder() / "b.txt", folder() / "c.txt");
  EXPECT_EQ(problems(week, read({"?.txt"})), "") << "an export with the date in its name";
}

TEST_F(WatchlistShrink, IsNoneWhereTheConfigurationItselfNamesLess) {
  list("a.txt", 100);
  list("b.txt", 100, 100);
  EXPECT_EQ(problems(read({"a.txt", "b.txt"}), read({"b.txt"})), "");
  EXPECT_EQ(problems(read({}, {"o1", "o2"}), read({"a.txt"})), "");
}

TEST_F(WatchlistShrink, SinceAnEarlierProcessIsToldByTheMirrorsCount) {
  EXPECT_EQ(shrunken_since(0, 300, 0.5), "");
  EXPECT_EQ(shrunken_since(300, 150, 0.5), "");
  EXPECT_EQ(shrunken_since(20, 1, 0.5), "");
  EXPECT_EQ(shrunken_since(300, 3, 1), "");
  EXPECT_THAT(shrunken_since(300, 3, 0.5),
              HasSubstr("the mirror watched 300 listings, and the watchlist has 3"));
}

}  // namespace
}  // namespace couponsync::daemon::test
