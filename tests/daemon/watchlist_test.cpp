#include "configuration/watchlist.h"

#include "daemon/configuration_fixture.h"

namespace couponsync::daemon::test {
namespace {

class WatchlistTest : public ConfigurationTest {
 protected:
  Watchlist expand(const std::vector<WatchGroup>& groups) const {
    Configuration configuration;
    configuration.watchlist = groups;
    return expand_watchlist(configuration);
  }
  std::string problems_of(const std::vector<WatchGroup>& groups) const {
    try {
      expand(groups);
      return "";
    } catch (const ConfigurationError& error) {
      return error.what();
    }
  }
  static WatchGroup group(const std::string& appid, std::vector<std::string> openids,
                          std::vector<std::filesystem::path> files = {}) {
    WatchGroup result;
    result.appid = appid;
    result.openids = std::move(openids);
    for (const std::filesystem::path& file : files) result.openid_files.push_back({file, ""});
    return result;
  }
  WatchGroup patterns(const std::vector<std::string>& patterns) const {
    WatchGroup result = group("wx1", {});
    for (const std::string& pattern : patterns) result.openid_files.push_back({folder(), pattern});
    return result;
  }
  static std::vector<std::string> openids(const Watchlist& watchlist) {
    std::vector<std::string> result;
    for (std::size_t i = 0; i < watchlist.listings->size(); ++i)
      result.emplace_back(watchlist.listings->openid_of(i));
    return result;
  }
};

TEST_F(WatchlistTest, ReadsFilesWithCommentsBlanksCrlfAndAByteOrderMark) {
  const auto file = write("a.txt", "\xEF\xBB\xBFo1\r\n\n# nobody\n  o2  # a test user\n\to3\no4");
  EXPECT_EQ(openids(expand({group("wx1", {"o0"}, {file})})),
            (std::vector<std::string>{"o0", "o1", "o2", "o3", "o4"}));
}

TEST_F(WatchlistTest, OpensNoFileOfTheMirrorThoughAPatternNamesIt) {
  Configuration configuration;
  configuration.mirror.path = write("mirror.db", "o1\n");
  for (const char* beside : {"mirror.db-wal", "mirror.db-shm", "mirror.db.lock"}) write(beside, "o2\n");
  std::filesystem::create_hard_link(configuration.mirror.path, folder() / "openids.txt");
  std::filesystem::create_symlink(configuration.mirror.path, folder() / "more.txt");
  write("members.txt", "o3\n");
  for (const auto& [pattern, named] :
       {std::pair{"mirror*", 4}, {"openids.txt", 1}, {"more.txt", 1}, {"*", 6}, {"members.txt", 0}}) {
    configuration.watchlist = {patterns({pattern})};
    std::size_t problems = 0;
    try {
      expand_watchlist(configuration);
    } catch (const ConfigurationError& error) {
      problems = error.problems().size();
      EXPECT_NE(error.problems().front().message.find("is a file of the mirror"), std::string::npos);
    }
    EXPECT_EQ(problems, static_cast<std::size_t>(named)) << pattern;
  }
}

TEST_F(WatchlistTest, TakesEveryFileAPatternNames) {
  write("m1.txt", "o1\n");
  write("m2.txt", "o2\n");
  write("other.txt", "o3\n");
  EXPECT_EQ(openids(expand({patterns({"m*.txt"})})), (std::vector<std::string>{"o1", "o2"}));
}

TEST_F(WatchlistTest, ReadsAFileOnceThatSeveralPatternsOfAGroupMatch) {
  write("m1.txt", "o1\n");
  write("m2.txt", "o2\n");
  const Watchlist watchlist =
      expand({patterns({"m*.txt", "./m1.txt", "m1.txt", "m[1].txt"}), patterns({"m2.txt"})});
  EXPECT_EQ(watchlist.listings->size(), 2U);
  EXPECT_EQ(watchlist.repeated, 1U) << "another group may want something else of the same file";
  EXPECT_EQ(watchlist.files.size(), 3U);
}

TEST_F(WatchlistTest, ReadsTheSameWatchOnce) {
  const Watchlist watchlist =
      expand({group("wx1", {"o1", "o1", "o2"}), group("wx1", {"o2"}), group("wx2", {"o2"})});
  EXPECT_EQ(watchlist.listings->size(), 3U);
  EXPECT_EQ(watchlist.repeated, 2U);
  EXPECT_EQ(users_of(*watchlist.listings).size(), 3U);
}

TEST_F(WatchlistTest, MakesAListingForEachState) {
  WatchGroup with_states = group("wx1", {"o1"});
  with_states.coupon_states = {"EFFECTIVE", "USED"};
  with_states.stock_id = "7";
  const Watchlist watchlist = expand({with_states});
  ASSERT_EQ(watchlist.listings->size(), 2U);
  EXPECT_EQ((*watchlist.listings)[0], (ListingKey{"wx1", Openid("o1"), "", "7", "EFFECTIVE"}));
  EXPECT_EQ((*watchlist.listings)[1], (ListingKey{"wx1", Openid("o1"), "", "7", "USED"}));
}

TEST_F(WatchlistTest, NamesBadLinesByFileAndNumberButNotTheirText) {
  const auto file = write("bad.txt", "o1\nCANARY here\no2\nCANARY/x\n");
  const std::string text = problems_of({group("wx1", {}, {file})});
  EXPECT_NE(text.find("bad.txt:2: not an openid, allowed is 1 to 128 of [0-9A-Za-z_-]"), std::string::npos)
      << text;
  EXPECT_NE(text.find("bad.txt:4: not an openid"), std::string::npos) << text;
  EXPECT_EQ(text.find("CANARY"), std::string::npos) << text;
}

TEST_F(WatchlistTest, DoesNotDrownInTheBadLinesOfAWrongFile) {
  std::string content;
  for (int i = 0; i < 500; ++i) content += "not an openid\n";
  const std::string text = problems_of({group("wx1", {}, {write("wrong.txt", content)})});
  EXPECT_NE(text.find("wrong.txt: and 480 more bad lines"), std::string::npos) << text;
}

TEST_F(WatchlistTest, NamesAPatternThatMatchesNothingAndAFolder) {
  EXPECT_EQ(problems_of({patterns({"none*.txt"})}),
            "/watchlist/0/openid_files/0: " + (folder() / "none*.txt").string() + ": no such file");
  EXPECT_NE(problems_of({group("wx1", {"o1"}, {folder()})}).find("is not a regular file"), std::string::npos);
}

TEST_F(WatchlistTest, RefusesAFileWithoutAnOpenidUnlessItMayBeEmpty) {
  write("full.txt", "o1\n");
  for (const char* content : {"", "\n\n", "# none yet\n", "\xEF\xBB\xBF", "   \t\r\n", "#"}) {
    const auto file = write("empty.txt", content);
    const std::vector<WatchGroup> groups{group("wx1", {"o0"}), patterns({"*.txt"})};
    EXPECT_EQ(problems_of(groups),
              "/watchlist/1/openid_files/0: " + file.string() +
                  ": has no openid, as a file that was cut off or is not written yet; if it may, set "
                  "sync.max_watchlist_shrink to 1");
    Configuration configuration;
    configuration.watchlist = groups;
    configuration.sync.max_watchlist_shrink = 1;
    EXPECT_EQ(openids(expand_watchlist(configuration)), (std::vector<std::string>{"o0", "o1"}));
  }
}

TEST_F(WatchlistTest, RefusesToWatchNobody) {
  Configuration configuration;
  configuration.watchlist = {group("wx1", {}, {write("empty.txt", "# none yet\n")})};
  configuration.sync.max_watchlist_shrink = 1;
  try {
    expand_watchlist(configuration);
    FAIL();
  } catch (const ConfigurationError& error) {
    EXPECT_STREQ(error.what(), "/watchlist: names no openid at all, there is nothing to read");
  }
}

TEST_F(WatchlistTest, NamesAFileOfAnotherKindByItsLineAndInOneLine) {
  const auto problem = [&](const std::string& content) {
    return problems_of({group("wx1", {}, {write("odd.txt", content)})});
  };
  const std::string place = "/watchlist/0/openid_files/0: " + (folder() / "odd.txt").string();
  const std::string allowed = ", allowed is plain text of one openid a line";
  EXPECT_EQ(problem(std::string("\xFF\xFEo\0001\000\n\000", 8)), place + ":1: this is UTF-16" + allowed);
  EXPECT_EQ(problem(std::string("\xFE\xFF\000o\0001\000\n", 8)), place + ":1: this is UTF-16" + allowed);
  const std::string nul = ": there is a NUL byte, as in UTF-16 or after a crash";
  EXPECT_EQ(problem("o1\no2\n" + std::string(4'096, '\0')), place + ":3" + nul + allowed);
  EXPECT_EQ(problem(std::string("o\0001\000\n\000", 6)), place + ":1" + nul + allowed);
  EXPECT_EQ(problem("o1\no2"), "") << "a last line needs no end";
}

TEST_F(WatchlistTest, NamesALinkThatLeadsNowhereAndALoop) {
  std::filesystem::create_symlink(folder() / "gone", folder() / "m1.txt");
  EXPECT_NE(problems_of({patterns({"m*.txt"})}).find("m1.txt: cannot be read: No such file"),
            std::string::npos);
  std::filesystem::create_symlink(folder() / "n1.txt", folder() / "n1.txt");
  EXPECT_NE(problems_of({patterns({"n*.txt"})}).find("n1.txt: cannot be read: Too many levels"),
            std::string::npos);
}

TEST_F(WatchlistTest, AnOpenidHasAtMost128Characters) {
  EXPECT_EQ(problems_of({group("wx1", {}, {write("long.txt", std::string(128, 'o') + "\n")})}), "");
  EXPECT_NE(problems_of({group("wx1", {}, {write("long.txt", std::string(129, 'o') + "\n")})}), "");
}

}  // namespace
}  // namespace couponsync::daemon::test
