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
    result.openid_files = std::move(files);
    return result;
  }
  static std::vector<std::string> openids(const Watchlist& watchlist) {
    std::vector<std::string> result;
    for (const ListingKey& key : watchlist.listings) result.push_back(key.openid.reveal());
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
    configuration.watchlist = {group("wx1", {}, {folder() / pattern})};
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
  EXPECT_EQ(openids(expand({group("wx1", {}, {folder() / "m*.txt"})})),
            (std::vector<std::string>{"o1", "o2"}));
}

TEST_F(WatchlistTest, ReadsTheSameWatchOnce) {
  const Watchlist watchlist =
      expand({group("wx1", {"o1", "o1", "o2"}), group("wx1", {"o2"}), group("wx2", {"o2"})});
  EXPECT_EQ(watchlist.listings.size(), 3U);
  EXPECT_EQ(watchlist.repeated, 2U);
  EXPECT_EQ(watchlist.openids, 3U);
}

TEST_F(WatchlistTest, MakesAListingForEachState) {
  WatchGroup with_states = group("wx1", {"o1"});
  with_states.coupon_states = {"EFFECTIVE", "USED"};
  with_states.stock_id = "7";
  const Watchlist watchlist = expand({with_states});
  ASSERT_EQ(watchlist.listings.size(), 2U);
  EXPECT_EQ(watchlist.listings[0], (ListingKey{"wx1", Openid("o1"), "", "7", "EFFECTIVE"}));
  EXPECT_EQ(watchlist.listings[1], (ListingKey{"wx1", Openid("o1"), "", "7", "USED"}));
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
  EXPECT_NE(
      problems_of({group("wx1", {"o1"}, {folder() / "none*.txt"})}).find("/watchlist/0/openid_files/0: "),
      std::string::npos);
  EXPECT_NE(problems_of({group("wx1", {"o1"}, {folder()})}).find("is not a regular file"), std::string::npos);
}

TEST_F(WatchlistTest, RefusesToWatchNobody) {
  EXPECT_EQ(problems_of({group("wx1", {}, {write("empty.txt", "# none yet\n")})}),
            "/watchlist: names no openid at all, there is nothing to read");
}

TEST_F(WatchlistTest, AnOpenidHasAtMost128Characters) {
  EXPECT_EQ(problems_of({group("wx1", {}, {write("long.txt", std::string(128, 'o') + "\n")})}), "");
  EXPECT_NE(problems_of({group("wx1", {}, {write("long.txt", std::string(129, 'o') + "\n")})}), "");
}

}  // namespace
}  // namespace couponsync::daemon::test
