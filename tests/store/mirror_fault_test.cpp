#include "store/file_faults.h"
#include "store/mirror_fixture.h"
#include "support/watchlist.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <string>

namespace couponsync {
namespace {

using Call = FileFault::Call;
using Lines = std::vector<std::string>;

struct Fault {
  Call call;
  int error;
};

/// Whatever call fails, and whenever: the mirror holds all of a page or nothing of it.
class MirrorFault : public testing::TestWithParam<Fault> {
 protected:
  static constexpr UnixSeconds kNow = 1'750'000'000;

  static PageCommit commit_of(ListingId listing, Page page, std::int64_t page_index) {
    return {.listing = listing,
            .page = std::move(page),
            .page_index = page_index,
            .started_at = kNow,
            .seen = {.observed_at = kNow},
            .next_due_at = kNow + 900};
  }
  static Page first_page() {
    Page page;
    for (int i = 0; i < 40; ++i)
      page.coupons.push_back(coupon({.code = std::to_string(i), .attach = std::string(300, 'x')}));
    page.total_count = 60;
    page.next_page_token = "t1";
    return page;
  }
  /// New rows, changed rows, and rows for the tables beside.
  static Page second_page() {
    Page page;
    for (int i = 20; i < 60; ++i)
      page.coupons.push_back(coupon({.code = std::to_string(i),
                                     .state = "USED",
                                     .details = {UsageDetail{}},
                                     .attach = std::string(300, 'y')}));
    page.stocks.push_back(stock("stock-1"));
    page.products.push_back(product("product-1"));
    return page;
  }
  /// A closed mirror that has the first page.
  void prepare() {
    Mirror mirror = Mirror::open({.path = path});
    listing = set_watchlist(mirror, std::vector{user("openid-1")}).front().id;
    mirror.apply_page(commit_of(listing, first_page(), 0));
  }
  void copy_to(const std::filesystem::path& copy) const {
    for (const char* suffix : {"", "-wal", "-shm"})
      std::filesystem::copy_file(path.string() + suffix, copy.string() + suffix,
                                 std::filesystem::copy_options::overwrite_existing);
  }
  static Lines expect_sound_dump(const std::filesystem::path& file) {
    EXPECT_EQ(value(file, "PRAGMA integrity_check"), "ok");
    EXPECT_EQ(rows(file, "PRAGMA foreign_key_check").size(), 0U);
    return dump(file);
  }

  TemporaryFolder folder;
  std::filesystem::path path = folder.path() / "mirror.db";
  ListingId listing = 0;
};

TEST_P(MirrorFault, LeavesAPageWholeOrOut) {
  prepare();
  const Lines before = dump(path);
  const std::filesystem::path copy = folder.path() / "copy.db";
  copy_to(copy);
  {
    Mirror mirror = Mirror::open({.path = copy});
    mirror.apply_page(commit_of(listing, second_page(), 1));
  }
  const Lines after = dump(copy);
  ASSERT_NE(before, after);

  int failures = 0;
  for (std::int64_t nth = 1;; ++nth) {
    copy_to(copy);
    bool struck = false;
    {
      Mirror mirror = Mirror::open({.path = copy});
      {
        const FileFault fault = FileFault::at(GetParam().call, nth, GetParam().error);
        try {
          mirror.apply_page(commit_of(listing, second_page(), 1));
          mirror.checkpoint();
        } catch (const MirrorError& error) {
          EXPECT_EQ(error.reason(), MirrorError::Reason::unwritable) << error.what();
        }
        struck = fault.struck();
      }
      const Lines now = expect_sound_dump(copy);
      EXPECT_TRUE(now == before || now == after) << "after failing call " << nth;
      if (now == before) {
        // The same connection goes on.
        mirror.apply_page(commit_of(listing, second_page(), 1));
        EXPECT_EQ(dump(copy), after);
      }
    }
    EXPECT_EQ(expect_sound_dump(copy), after) << "after failing call " << nth;
    if (!struck) break;
    ++failures;
    ASSERT_LT(nth, 1'000);
  }
  const bool always_called = GetParam().call == Call::write || GetParam().call == Call::sync;
  EXPECT_GT(failures, always_called ? 1 : -1);
}

TEST_P(MirrorFault, LeavesNothingBehindThatKeepsItFromOpening) {
  int failures = 0;
  for (std::int64_t nth = 1;; ++nth) {
    const TemporaryFolder own;
    const std::filesystem::path file = own.path() / "mirror.db";
    bool struck = false;
    {
      const FileFault fault = FileFault::at(GetParam().call, nth, GetParam().error);
      try {
        const Mirror mirror = Mirror::open({.path = file});
      } catch (const MirrorError& error) {
        EXPECT_EQ(error.reason(), MirrorError::Reason::unwritable) << error.what();
      }
      struck = fault.struck();
    }
    {
      const Mirror mirror = Mirror::open({.path = file});
    }
    EXPECT_EQ(value(file, "PRAGMA integrity_check"), "ok");
    EXPECT_EQ(value(file, "SELECT group_concat(name, ' ') FROM mirror_property"),
              "log_mark mirror_id redaction_key");
    if (!struck) break;
    ++failures;
    ASSERT_LT(nth, 1'000);
  }
  EXPECT_GT(failures, GetParam().call == Call::truncate ? -1 : 1);
}

std::string name_of_fault(const testing::TestParamInfo<Fault>& fault) {
  const std::string error = fault.param.error == ENOSPC ? "WithoutRoom" : "WithAnError";
  switch (fault.param.call) {
    case Call::read:
      return "Read" + error;
    case Call::write:
      return "Write" + error;
    case Call::checkpoint_write:
      return "CheckpointWrite" + error;
    case Call::sync:
      return "Sync" + error;
    case Call::truncate:
      return "Truncate" + error;
    case Call::open:
      return "Open" + error;
  }
  return error;
}

INSTANTIATE_TEST_SUITE_P(EveryCall, MirrorFault,
                         testing::Values(Fault{Call::read, ENOMEM}, Fault{Call::write, EIO},
                                         Fault{Call::write, ENOSPC}, Fault{Call::checkpoint_write, EIO},
                                         Fault{Call::sync, EIO}, Fault{Call::truncate, EIO},
                                         Fault{Call::open, EACCES}),
                         name_of_fault);

}  // namespace
}  // namespace couponsync
