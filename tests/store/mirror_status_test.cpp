#include "store/mirror_fixture.h"
#include "store/mirror_reader.h"
#include "store/schema.h"
#include "support/watchlist.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <tuple>
#include <vector>

namespace couponsync {
namespace {

using testing::ElementsAre;

class MirrorStatusTest : public MirrorTest {};

std::vector<std::tuple<UnixSeconds, std::int64_t, std::int64_t>> completed(const MirrorStatus& status) {
  std::vector<std::tuple<UnixSeconds, std::int64_t, std::int64_t>> found;
  for (const CompletedCount& count : status.listings.completed)
    found.emplace_back(count.at, count.all, count.failing);
  return found;
}

TEST_F(MirrorStatusTest, IsNoneWithoutAMirror) {
  EXPECT_FALSE(read_mirror_status(folder.path() / "none.db").has_value());
}

TEST_F(MirrorStatusTest, TellsHowEachPartIs) {
  const ListingId first = watch(user("openid-1"));
  const ListingId second = watch(user("openid-2"));
  const ListingId failing = watch(user("openid-3"));
  const ListingId left = watch(user("openid-4"));
  apply(first, page_of({{.code = "a"}, {.code = "b", .state = "USED"}}, 2));
  now += 60;
  apply(second, page_of({{.code = "c"}}, 1));
  apply(second, page_of({}, 0));
  apply(left, page_of({}, 0));
  mirror.record_failure({.listing = failing,
                         .started_at = now,
                         .next_due_at = now + 30,
                         .code = "TIMED_OUT",
                         .message = "TIMED_OUT: no reply",
                         .request_id = "08F7"});
  std::erase(watched, user("openid-4"));
  set_watchlist(mirror, watched);
  const RunId run = mirror.start_run(RunTrigger::once, now);
  mirror.finish_run(run, {.listings_total = 3, .requests = 5, .seconds = 1.5}, now + 2);
  mirror.start_run(RunTrigger::sighup, now + 5);

  const MirrorStatus status = read_mirror_status(path).value();
  EXPECT_EQ(status.schema_version, schema_version());
  EXPECT_EQ(status.listings.watched, 3);
  EXPECT_EQ(status.listings.failing, 1);
  EXPECT_EQ(status.listings.never_completed, 1);
  EXPECT_EQ(status.listings_unwatched, 1);
  EXPECT_THAT(completed(status), ElementsAre(std::tuple(now - 60, 1, 0), std::tuple(now, 1, 0)));
  ASSERT_EQ(status.failing.size(), 1U);
  EXPECT_EQ(status.failing[0].log_name, user("openid-3").openid.redacted());
  EXPECT_EQ(status.failing[0].failures, 1);
  EXPECT_EQ(status.failing[0].last_error_code, "TIMED_OUT");
  EXPECT_EQ(status.failing[0].last_request_id, "08F7");
  EXPECT_EQ(status.failing[0].next_due_at, now + 30);
  ASSERT_EQ(status.states.size(), 2U);
  EXPECT_EQ(status.states[0].coupon_state, "EFFECTIVE");
  EXPECT_EQ(status.states[0].listed, 1);
  EXPECT_EQ(status.states[0].missing, 1);
  EXPECT_EQ(status.changes, 4);
  ASSERT_EQ(status.last_runs.size(), 2U);
  EXPECT_EQ(status.last_runs[0].trigger, "sighup");
  EXPECT_FALSE(status.last_runs[0].finished_at.has_value());
  EXPECT_EQ(status.last_runs[1].counters.requests, 5);
  EXPECT_EQ(status.last_runs[1].counters.seconds, 1.5);
  EXPECT_GT(status.file_bytes + status.log_bytes, 0U);
}

TEST_F(MirrorStatusTest, ListsOnlySoManyThatFail) {
  for (int i = 0; i < 5; ++i) watch(user("openid-" + std::to_string(i)));
  for (ListingId id = 1; id <= 5; ++id)
    for (ListingId n = 0; n < id; ++n)
      mirror.record_failure({.listing = id, .code = "X", .message = {}, .request_id = {}});
  const MirrorStatus status = read_mirror_status(path, {.failing = 2, .runs = 1}).value();
  EXPECT_EQ(status.listings.failing, 5);
  ASSERT_EQ(status.failing.size(), 2U);
  EXPECT_EQ(status.failing[0].id, 5);
  EXPECT_EQ(status.failing[1].id, 4);
}

TEST_F(MirrorStatusTest, TellsWhenThoseThatFailWereComplete) {
  const ListingId first = watch(user("openid-1"));
  apply(first, page_of({{.code = "a"}}, 1));
  mirror.record_failure({.listing = first, .code = "X", .message = {}, .request_id = {}});
  const MirrorStatus status = read_mirror_status(path).value();
  EXPECT_THAT(completed(status), ElementsAre(std::tuple(now, 1, 1)));
}

TEST_F(MirrorStatusTest, LeavesCouponsOutIfTheyAreNotAskedFor) {
  const ListingId first = watch(user("openid-1"));
  apply(first, page_of({{.code = "a"}}, 1));
  const MirrorStatus status = read_mirror_status(path, {.coupons = false}).value();
  EXPECT_EQ(status.listings.watched, 1);
  EXPECT_TRUE(status.states.empty());
}

TEST_F(MirrorStatusTest, StopsWhenAsked) {
  const ListingId first = watch(user("openid-1"));
  Page page = page_of({}, 5'000);
  for (int i = 0; i < 5'000; ++i) page.coupons.push_back(coupon("code-" + std::to_string(i)));
  apply(first, page);
  std::stop_source stop;
  stop.request_stop();
  EXPECT_THROW(read_mirror_status(path, {.stop = stop.get_token()}), MirrorError);
}

TEST_F(MirrorStatusTest, RefusesWhatIsNoMirrorOfThisVersion) {
  const std::filesystem::path other = folder.path() / "other.db";
  execute(other, "CREATE TABLE t (x)");
  EXPECT_THROW(read_mirror_status(other), MirrorError);
  {
    const Mirror closed = std::move(mirror);
  }
  execute(path, "PRAGMA user_version = 1");
  EXPECT_THROW(read_mirror_status(path), MirrorError);
}

}  // namespace
}  // namespace couponsync
