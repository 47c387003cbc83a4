#include "sync/listing_reading.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace couponsync::test {
namespace {

using namespace std::chrono_literals;
using Action = ListingReading::Step::Action;
using State = ListingReading::State;

/// The decisions of one reading, step by step: what comes is made up, and nothing else is there.
class ListingReadingTest : public testing::Test {
 protected:
  ListingReading begin(std::chrono::seconds interval = 900s) { return {listing_, interval, now()}; }
  ListingReading::Now now() const {
    return {.wall = 1'750'000'000 + passed_.count(), .steady = SteadyTime(1000h) + passed_};
  }
  void pass(std::chrono::seconds time) { passed_ += time; }

  /// A page that ends with that token; "": the last one.
  Action page(ListingReading& reading, const std::string& next, Integer total = 100) {
    Page page;
    page.total_count = total;
    if (!next.empty()) page.next_page_token = next;
    return note(reading.fetched(page, "req", ++sent_, now()));
  }
  Action committed(ListingReading& reading, Ending ending = Ending::none) {
    PageOutcome outcome;
    outcome.ending = ending;
    outcome.total_count = 100;
    outcome.distinct_coupons = 99;
    return note(reading.committed(outcome, "req", now()));
  }
  Action failed(ListingReading& reading, FailureKind kind) {
    Failure why;
    why.kind = kind;
    return note(reading.not_fetched(why));
  }
  Action note(ListingReading::Step step) {
    why_ = step.why;
    return step.action;
  }

  Listing listing_;
  std::chrono::seconds passed_{0};
  RequestOrder sent_ = 0;
  std::optional<Failure> why_;
};

TEST_F(ListingReadingTest, GoesFromItsStartPageByPageToItsEnd) {
  ListingReading reading = begin();
  EXPECT_EQ(reading.state(), State::reading);
  EXPECT_EQ(reading.page_token(), std::nullopt);
  EXPECT_EQ(page(reading, "t1"), Action::commit);
  EXPECT_EQ(committed(reading), Action::fetch);
  EXPECT_EQ(reading.page_token(), "t1");
  EXPECT_EQ(reading.page_index(), 1);
  EXPECT_EQ(page(reading, ""), Action::commit);
  EXPECT_EQ(committed(reading, Ending::complete), Action::finish);
  EXPECT_EQ(reading.state(), State::complete);
  EXPECT_EQ(reading.began(), 1U);
  EXPECT_FALSE(reading.is_broken());
}

TEST_F(ListingReadingTest, IsTakenUpAtABookmarkThatIsGoodAndBroken) {
  listing_.next_page_token = "t3";
  listing_.pages_done = 3;
  listing_.last_started_at = now().wall - 599;
  ListingReading reading = begin();
  EXPECT_EQ(reading.state(), State::resumed);
  EXPECT_EQ(reading.page_token(), "t3");
  EXPECT_EQ(reading.page_index(), 3);
  EXPECT_EQ(reading.started_at(), now().wall - 599);
  EXPECT_TRUE(reading.is_broken());
}

TEST_F(ListingReadingTest, LeavesABookmarkThatIsOldOrFromAClockThatWasAhead) {
  listing_.next_page_token = "t3";
  listing_.pages_done = 3;
  for (const auto& [age, interval] : {std::pair{601, 900s}, std::pair{61, 60s}, std::pair{-1, 900s}}) {
    listing_.last_started_at = now().wall - age;
    const ListingReading reading = begin(interval);
    EXPECT_EQ(reading.state(), State::reading) << age;
    EXPECT_TRUE(reading.has_expired_bookmark()) << age;
    EXPECT_EQ(reading.page_token(), std::nullopt) << age;
  }
}

TEST_F(ListingReadingTest, RestartsOnceWhereItsTokenIsRefusedAndFailsTheSecondTime) {
  ListingReading reading = begin();
  page(reading, "t1");
  committed(reading);
  EXPECT_EQ(failed(reading, FailureKind::page_token_rejected), Action::restart);
  EXPECT_EQ(note(reading.restarted(now())), Action::fetch);
  EXPECT_EQ(reading.state(), State::restarted);
  EXPECT_EQ(reading.page_index(), 0);
  page(reading, "t1");
  committed(reading);
  EXPECT_EQ(failed(reading, FailureKind::page_token_rejected), Action::fail);
  EXPECT_TRUE(reading.drops_bookmark());
  EXPECT_EQ(reading.state(), State::failed);
}

TEST_F(ListingReadingTest, KeepsItsBookmarkWhereTheFailureSaysNothingOfIt) {
  ListingReading reading = begin();
  page(reading, "t1");
  committed(reading);
  EXPECT_EQ(failed(reading, FailureKind::server_error), Action::fail);
  EXPECT_FALSE(reading.drops_bookmark());
}

TEST_F(ListingReadingTest, NoticesThatItRunsInCircles) {
  ListingReading reading = begin();
  page(reading, "t1");
  committed(reading);
  EXPECT_EQ(page(reading, "t1"), Action::restart);
  EXPECT_EQ(why_->kind, FailureKind::repeated_page_token);
  EXPECT_EQ(why_->request_id, "req");
}

TEST_F(ListingReadingTest, NoticesThatItNeverEnds) {
  ListingReading reading = begin();
  int pages = 0;
  Action action = Action::commit;
  for (; action == Action::commit && pages < 200; ++pages) {
    action = page(reading, "t" + std::to_string(pages), 5);
    if (action == Action::commit) committed(reading);
  }
  EXPECT_EQ(action, Action::fail);
  EXPECT_EQ(why_->kind, FailureKind::too_many_pages);
  EXPECT_EQ(pages, 15) << "one coupon a page is enough for any total, and ten more come in";
  EXPECT_TRUE(reading.drops_bookmark());
}

TEST_F(ListingReadingTest, ConfirmsOnceWhatSeemsToBeMissing) {
  ListingReading reading = begin();
  page(reading, "");
  EXPECT_EQ(committed(reading, Ending::unconfirmed), Action::fetch);
  EXPECT_EQ(reading.state(), State::confirming);
  EXPECT_EQ(reading.page_index(), 0);
  page(reading, "");
  EXPECT_EQ(reading.began(), 2U) << "it is another reading";
  EXPECT_EQ(committed(reading, Ending::unconfirmed), Action::finish);
}

TEST_F(ListingReadingTest, RestartsOnceWhereItsPagesDoNotAddUp) {
  ListingReading reading = begin();
  page(reading, "");
  EXPECT_EQ(committed(reading, Ending::inconsistent), Action::restart);
  EXPECT_EQ(why_->detail, "its pages held 99 distinct coupons, its total_count said 100");
  reading.restarted(now());
  page(reading, "");
  EXPECT_EQ(committed(reading, Ending::inconsistent), Action::fail);
}

TEST_F(ListingReadingTest, StillConfirmsAfterARestartAndRestartsWhileItConfirms) {
  ListingReading reading = begin();
  page(reading, "");
  committed(reading, Ending::unconfirmed);
  EXPECT_EQ(failed(reading, FailureKind::page_token_rejected), Action::restart);
  reading.restarted(now());
  page(reading, "");
  EXPECT_EQ(committed(reading, Ending::unconfirmed), Action::finish) << "it had been confirming";
}

TEST_F(ListingReadingTest, IsBrokenByALongGapAndRenewedOnceWhenItsFirstPagesAreOld) {
  ListingReading reading = begin();
  page(reading, "t1");
  committed(reading);
  pass(121s);
  EXPECT_EQ(page(reading, "t2"), Action::commit);
  EXPECT_TRUE(reading.is_broken());
  committed(reading);
  pass(601s);
  EXPECT_EQ(page(reading, "t3"), Action::fetch);
  EXPECT_EQ(reading.state(), State::renewed);
  EXPECT_EQ(reading.page_index(), 0);
  EXPECT_FALSE(reading.is_broken());
  page(reading, "t1");
  committed(reading);
  pass(1000s);
  EXPECT_EQ(page(reading, "t2"), Action::commit) << "for ever it would get nowhere";
  EXPECT_TRUE(reading.is_broken());
}

TEST_F(ListingReadingTest, IsNoLessWholeForPagesThatTakeTheirTime) {
  ListingReading reading = begin();
  for (int i = 0; i < 10; ++i) {
    pass(119s);
    EXPECT_EQ(page(reading, "t" + std::to_string(i)), Action::commit);
    committed(reading);
  }
  EXPECT_FALSE(reading.is_broken());
}

}  // namespace
}  // namespace couponsync::test
