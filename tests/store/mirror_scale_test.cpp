#include "store/mirror_fixture.h"
#include "support/watchlist.h"

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Statement.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <fstream>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace couponsync {
namespace {

/// A log's frames since it last began at its start, as page numbers. The format is SQLite's
/// (https://www.sqlite.org/fileformat2.html#walformat): a header of 32 bytes with two salts, then frames of a
/// header of 24 bytes with the page number and the same salts, and a page. Numbers are big-endian.
class WriteAheadLog {
 public:
  explicit WriteAheadLog(const std::filesystem::path& mirror)
      : file_(mirror.string() + "-wal", std::ios::binary) {}

  std::vector<std::uint32_t> pages() {
    std::vector<std::uint32_t> found;
    std::array<char, 32> header{};
    if (!file_.read(header.data(), header.size())) return found;
    const std::uint32_t page_size = number(header, 8);
    const std::string_view salts(header.data() + 16, 8);
    std::array<char, 24> frame{};
    while (file_.read(frame.data(), frame.size()) && std::string_view(frame.data() + 8, 8) == salts) {
      found.push_back(number(frame, 0));
      file_.seekg(page_size, std::ios::cur);
    }
    return found;
  }

 private:
  static std::uint32_t number(const auto& bytes, std::size_t at) {
    std::uint32_t value = 0;
    for (std::size_t i = at; i < at + 4; ++i) value = value << 8U | static_cast<unsigned char>(bytes.at(i));
    return value;
  }

  std::ifstream file_;
};

/// Which tables and indexes the log's pages belong to.
std::set<std::string> written_trees(const std::filesystem::path& path) {
  SQLite::Database database(path.string(), SQLite::OPEN_READONLY, 5'000);
  SQLite::Statement owner(database, "SELECT name FROM dbstat WHERE pageno = ?1");
  std::set<std::string> trees;
  const std::vector<std::uint32_t> pages = WriteAheadLog(path).pages();
  for (const std::uint32_t page : std::set<std::uint32_t>(pages.begin(), pages.end())) {
    owner.bind(1, page);
    while (owner.executeStep()) trees.insert(owner.getColumn(0).getString());
    owner.reset();
  }
  return trees;
}

class MirrorScale : public MirrorTest {
 protected:
  static constexpr int kUsers = 1'000;
  static constexpr int kPages = 2;
  static constexpr int kPerPage = 50;

  void watch_all() {
    for (int i = 0; i < kUsers; ++i) watched.push_back(user("openid-" + std::to_string(i)));
    for (const Listing& state : set_watchlist(mirror, watched)) listings.push_back(state.id);
  }
  /// Every page of every listing.
  PageOutcome read_all() {
    PageOutcome sum;
    mirror.begin();
    for (const ListingId listing : listings)
      for (int index = 0; index < kPages; ++index) add(sum, apply(listing, page(index), index));
    mirror.commit();
    return sum;
  }
  static Page page(int index) {
    Page result = page_of({}, index == 0 ? Integer(kPages * kPerPage) : std::nullopt,
                          index + 1 < kPages ? Text("token") : std::nullopt);
    for (int i = 0; i < kPerPage; ++i) result.coupons.push_back(coupon(std::to_string(index * kPerPage + i)));
    result.stocks.push_back(stock("stock-1"));
    result.products.push_back(product("product-1"));
    return result;
  }
  static void add(PageOutcome& sum, const PageOutcome& outcome) {
    sum.inserted += outcome.inserted;
    sum.updated += outcome.updated;
    sum.unchanged += outcome.unchanged;
    sum.missing += outcome.missing;
  }

  std::vector<ListingId> listings;
};

TEST_F(MirrorScale, ReadingAHundredThousandUnchangedCouponsAgainWritesNotOnePageOfRows) {
  watch_all();
  EXPECT_EQ(read_all().inserted, 100'000);
  mirror.checkpoint();
  now += 900;
  const PageOutcome again = read_all();
  EXPECT_EQ(again.unchanged, 100'000);
  EXPECT_EQ(again.inserted + again.updated + again.missing, 0);
  EXPECT_THAT(written_trees(path), testing::ElementsAre("listing", "mirror_property"))
      << "when it was read is noted, and that the log begins anew, nothing else";
  EXPECT_EQ(value(path, "SELECT count(*) FROM coupon_change"), "100000");
}

}  // namespace
}  // namespace couponsync
