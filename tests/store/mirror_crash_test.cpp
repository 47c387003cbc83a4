#include "store/file_faults.h"
#include "store/mirror_fixture.h"
#include "support/watchlist.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <sys/wait.h>
#include <unistd.h>

namespace couponsync {
namespace {

using Lines = std::vector<std::string>;

/// Rule 1: nothing committed is lost by a kill, and nothing uncommitted is left by it.
class MirrorCrash : public testing::Test {
 protected:
  static constexpr int kPages = 8;
  static constexpr UnixSeconds kNow = 1'750'000'000;

  /// One listing of several pages, read twice; the second time its coupons changed.
  static PageCommit page(ListingId listing, int number) {
    const int index = number % (kPages / 2);
    const std::string state = number < kPages / 2 ? "EFFECTIVE" : "USED";
    PageCommit commit{.listing = listing, .page = {}, .page_index = index};
    commit.started_at = commit.seen.observed_at = commit.next_due_at = kNow;
    commit.seen.sent = commit.seen.reading_began = number + 1;
    for (int i = 0; i < 10; ++i)
      commit.page.coupons.push_back(coupon(std::to_string(index) + "-" + std::to_string(i), state));
    commit.page.stocks.push_back(stock("stock-1", "product-1", number));
    if (index == 0) commit.page.total_count = kPages / 2 * 10;
    if (index < kPages / 2 - 1) commit.page.next_page_token = "t" + std::to_string(index);
    return commit;
  }
  /// What is in the mirror after each number of pages.
  static std::vector<Lines> states_of(const std::filesystem::path& file) {
    Mirror mirror = Mirror::open({.path = file});
    const ListingId listing = set_watchlist(mirror, std::vector{user("openid-1")}).front().id;
    std::vector<Lines> states{relevant(file)};
    for (int number = 0; number < kPages; ++number) {
      mirror.apply_page(page(listing, number));
      states.push_back(relevant(file));
    }
    return states;
  }
  /// Without the key that each mirror has of its own.
  static Lines relevant(const std::filesystem::path& file) {
    Lines lines = dump(file);
    std::erase_if(lines, [](const std::string& line) { return line.starts_with("mirror_property"); });
    return lines;
  }
  template <class Child>
  static void in_killed_child(Child child) {
    const pid_t process = fork();
    if (process == 0) {
      try {
        child();
      } catch (...) {
        _exit(1);
      }
      _exit(0);
    }
    int status = 0;
    ASSERT_EQ(waitpid(process, &status, 0), process);
    ASSERT_TRUE(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
  }

  TemporaryFolder folder;
  std::filesystem::path path = folder.path() / "mirror.db";
};

TEST_F(MirrorCrash, LosesNoCommittedPage) {
  const std::vector<Lines> states = states_of(folder.path() / "model.db");
  for (int survived = 0; survived <= kPages; ++survived) {
    path = folder.path() / ("mirror-" + std::to_string(survived) + ".db");
    in_killed_child([&] {
      Mirror mirror = Mirror::open({.path = path});
      const ListingId listing = set_watchlist(mirror, std::vector{user("openid-1")}).front().id;
      for (int number = 0; number < survived; ++number) mirror.apply_page(page(listing, number));
      kill(getpid(), SIGKILL);
    });
    {
      const Mirror mirror = Mirror::open({.path = path});
    }
    EXPECT_EQ(relevant(path), states[static_cast<std::size_t>(survived)]) << survived;
    EXPECT_EQ(value(path, "PRAGMA integrity_check"), "ok");
  }
}

TEST_F(MirrorCrash, KeepsWholePagesWheneverItIsKilled) {
  const std::vector<Lines> states = states_of(folder.path() / "model.db");
  std::size_t reached = 0;
  for (std::int64_t nth = 1; reached < states.size() - 1; nth += 3) {
    path = folder.path() / ("mirror-" + std::to_string(nth) + ".db");
    in_killed_child([&] {
      Mirror mirror = Mirror::open({.path = path});
      const ListingId listing = set_watchlist(mirror, std::vector{user("openid-1")}).front().id;
      const FileFault fault = FileFault::kill_at(FileFault::Call::write, nth);
      for (int number = 0; number < kPages; ++number) {
        mirror.apply_page(page(listing, number));
        if (number % 3 == 2) mirror.checkpoint();
      }
    });
    {
      const Mirror mirror = Mirror::open({.path = path});
    }
    EXPECT_EQ(value(path, "PRAGMA integrity_check"), "ok");
    const auto found = std::ranges::find(states, relevant(path));
    ASSERT_NE(found, states.end()) << "killed at write " << nth;
    const auto pages = static_cast<std::size_t>(found - states.begin());
    EXPECT_GE(pages, reached) << "killed at write " << nth;
    reached = pages;
    ASSERT_LT(nth, 10'000);
  }
}

TEST_F(MirrorCrash, GoesOnAtTheCheckpointAfterAKill) {
  const std::vector<Lines> states = states_of(folder.path() / "model.db");
  in_killed_child([&] {
    Mirror mirror = Mirror::open({.path = path});
    const ListingId listing = set_watchlist(mirror, std::vector{user("openid-1")}).front().id;
    for (int number = 0; number < 2; ++number) mirror.apply_page(page(listing, number));
    kill(getpid(), SIGKILL);
  });
  Mirror mirror = Mirror::open({.path = path});
  const Listing state = set_watchlist(mirror, std::vector{user("openid-1")}).front();
  EXPECT_EQ(state.next_page_token, "t1");
  EXPECT_EQ(state.pages_done, 2);
  for (int number = 2; number < kPages; ++number) mirror.apply_page(page(state.id, number));
  EXPECT_EQ(relevant(path), states.back());
}

}  // namespace
}  // namespace couponsync
