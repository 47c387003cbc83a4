#include "store/memory_fault.h"
#include "store/mirror_fixture.h"
#include "support/sanitized.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <new>
#include <string>
#include <utility>

namespace couponsync {
namespace {

/// Without memory the process ends. What it leaves is a mirror that holds all of a page or nothing of it,
/// whichever of SQLite's allocations was the one that failed.
class MirrorMemory : public testing::Test {
 protected:
  static constexpr UnixSeconds kNow = 1'750'000'000;

  static PageCommit commit_of(ListingId listing, Page page) {
    return {.listing = listing,
            .page = std::move(page),
            .started_at = kNow,
            .seen = {.observed_at = kNow},
            .next_due_at = kNow + 900};
  }
  /// One coupon stays, one changes, one goes, one is new.
  static Page first_page() { return page_of({{.code = "a"}, {.code = "b"}, {.code = "c"}}, 3); }
  static Page second_page() {
    Page page = page_of({{.code = "a"},
                         {.code = "b", .state = "USED", .details = {use(UsageMode::single, 0, kNow)}},
                         {.code = "d", .attach = std::string(9'000, 'x')}},
                        3);
    page.stocks.push_back(stock("stock-1"));
    page.products.push_back(product("product-1"));
    return page;
  }
  /// Each of the first ones, and then ever fewer: there are thousands.
  static std::int64_t next(std::int64_t nth) { return nth + 1 + nth / test::repetitions(20); }
  void copy_to(const std::filesystem::path& copy) const {
    for (const char* suffix : {"", "-wal", "-shm"})
      std::filesystem::copy_file(path.string() + suffix, copy.string() + suffix,
                                 std::filesystem::copy_options::overwrite_existing);
  }

  TemporaryFolder folder;
  std::filesystem::path path = folder.path() / "mirror.db";
};

TEST_F(MirrorMemory, ThatRunsOutLeavesAPageWholeOrOut) {
  ListingId listing = 0;
  {
    Mirror mirror = Mirror::open({.path = path});
    listing = set_watchlist(mirror, std::vector{user("openid-1")}).front().id;
    mirror.apply_page(commit_of(listing, first_page()));
  }
  const std::vector<std::string> before = dump(path);
  const std::filesystem::path copy = folder.path() / "copy.db";
  copy_to(copy);
  {
    Mirror mirror = Mirror::open({.path = copy});
    mirror.apply_page(commit_of(listing, second_page()));
  }
  const std::vector<std::string> after = dump(copy);
  ASSERT_NE(before, after);

  int failures = 0;
  int pages_out = 0;
  bool struck = true;
  for (std::int64_t nth = 1; struck; nth = next(nth)) {
    copy_to(copy);
    {
      Mirror mirror = Mirror::open({.path = copy});
      const MemoryFault fault(nth);
      try {
        mirror.apply_page(commit_of(listing, second_page()));
      } catch (const std::bad_alloc&) {
        ++failures;
      }
      struck = fault.struck();
    }
    EXPECT_EQ(value(copy, "PRAGMA integrity_check"), "ok");
    const std::vector<std::string> now = dump(copy);
    ASSERT_TRUE(now == before || now == after) << "after failing allocation " << nth;
    pages_out += now == before ? 1 : 0;
    Mirror mirror = Mirror::open({.path = copy});
    mirror.apply_page(commit_of(listing, second_page()));
    ASSERT_EQ(dump(copy), after) << "after failing allocation " << nth;
    ASSERT_LT(nth, 20'000);
  }
  EXPECT_GT(failures, 10);
  EXPECT_EQ(pages_out, failures) << "a page that is in was told as such";
}

TEST_F(MirrorMemory, ThatRunsOutWhileItIsMadeKeepsItFromNothing) {
  bool struck = true;
  int failures = 0;
  for (std::int64_t nth = 1; struck; nth = next(nth)) {
    const TemporaryFolder own;
    const std::filesystem::path file = own.path() / "mirror.db";
    {
      const MemoryFault fault(nth);
      try {
        const Mirror mirror = Mirror::open({.path = file});
      } catch (const std::bad_alloc&) {
        ++failures;
      }
      struck = fault.struck();
    }
    {
      const Mirror mirror = Mirror::open({.path = file});
    }
    ASSERT_EQ(value(file, "PRAGMA integrity_check"), "ok") << "after failing allocation " << nth;
    ASSERT_LT(nth, 200'000);
  }
  EXPECT_GT(failures, 10);
}

}  // namespace
}  // namespace couponsync
