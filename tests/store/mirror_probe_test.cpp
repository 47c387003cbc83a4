#include "store/mirror_fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace couponsync {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// A reading of a part of a listing: it adds and updates, and proves nothing.
class MirrorProbe : public MirrorTest {
 protected:
  PageOutcome probe(Page page) { return probe_reply(send(), std::move(page)); }
  PageOutcome probe_reply(RequestOrder sent, Page page) {
    return mirror.apply_probe(
        {.listing = listing,
         .page = std::move(page),
         .seen = {.sent = sent, .reading_began = sent, .received = next_request, .observed_at = now},
         .oldest_open = oldest_open});
  }
  std::string state_of(const std::string& code) const {
    return value(path, "SELECT coupon_state FROM coupon WHERE coupon_code = '" + code + "'");
  }
  std::vector<std::string> missing() const {
    return rows(path, "SELECT coupon_code FROM coupon WHERE missing_since IS NOT NULL ORDER BY 1");
  }
  /// All of the listing's row but what a probe may write.
  std::string standing() const {
    return value(path,
                 "SELECT next_page_token || '/' || pages_done || '/' || coalesce(total_count, '-') || '/' ||"
                 " last_started_at || '/' || coalesce(last_completed_at, '-') || '/' ||"
                 " coalesce(next_due_at, '-') || '/' || entries_done FROM listing");
  }

  ListingId listing = watch(user("openid-1"));
};

TEST_F(MirrorProbe, AddsAndUpdatesRowsAndTellsTheFeed) {
  apply(listing, page_of({{.code = "a"}, {.code = "b"}}, 2));
  now += 60;
  const PageOutcome outcome = probe(page_of({{.code = "a", .state = "USED"}, {.code = "c"}}, 3, "more"));
  EXPECT_EQ(outcome.updated, 1);
  EXPECT_EQ(outcome.inserted, 1);
  EXPECT_EQ(outcome.ending, Ending::none);
  EXPECT_EQ(state_of("a"), "USED");
  EXPECT_THAT(changes(), ElementsAre("added|NULL|EFFECTIVE", "added|NULL|EFFECTIVE", "state|EFFECTIVE|USED",
                                     "added|NULL|EFFECTIVE"));
}

TEST_F(MirrorProbe, NotesWhenItWasAndNeitherMovesTheBookmarkNorCompletesTheListing) {
  apply(listing, page_of({{.code = "a"}}, 2, "t1"));
  const std::string before = standing();
  now += 60;
  const PageOutcome outcome = probe(page_of({{.code = "a"}}, 1));
  EXPECT_EQ(standing(), before);
  EXPECT_EQ(value(path, "SELECT last_probed_at FROM listing"), std::to_string(now));
  EXPECT_EQ(outcome.after.last_probed_at, now);
  EXPECT_EQ(apply(listing, page_of({{.code = "b"}}), 1).ending, Ending::complete);
  EXPECT_EQ(value(path, "SELECT last_probed_at FROM listing"), std::to_string(now));
}

TEST_F(MirrorProbe, MarksNothingMissingHoweverLittleItShows) {
  apply(listing, page_of({{.code = "a"}, {.code = "b"}}, 2));
  for (int i = 0; i < 3; ++i) {
    now += 60;
    const PageOutcome outcome = probe(page_of({}, 0));
    EXPECT_EQ(outcome.missing, 0);
  }
  EXPECT_THAT(missing(), IsEmpty());
}

TEST_F(MirrorProbe, BringsBackWhatWasMissing) {
  apply(listing, page_of({{.code = "a"}}, 1));
  apply(listing, page_of({}, 0));
  ASSERT_THAT(missing(), ElementsAre("a"));
  const PageOutcome outcome = probe(page_of({{.code = "a"}}, 1));
  EXPECT_EQ(outcome.returned, 1);
  EXPECT_THAT(missing(), IsEmpty());
}

// c moved between pages of both readings, and the probe between them shows that it is there.
TEST_F(MirrorProbe, BetweenTwoReadingsThatAgreeMakesThemNoProof) {
  apply(listing, page_of({{.code = "a"}, {.code = "b"}, {.code = "c"}}, 3));
  apply(listing, page_of({{.code = "a"}}, 2, "t1"));
  ASSERT_EQ(apply(listing, page_of({{.code = "b"}}), 1).ending, Ending::unconfirmed);
  probe(page_of({{.code = "c"}}, 1));
  apply(listing, page_of({{.code = "a"}}, 2, "t1"));
  EXPECT_EQ(apply(listing, page_of({{.code = "b"}}), 1).ending, Ending::unconfirmed);
  EXPECT_THAT(missing(), IsEmpty());
  apply(listing, page_of({{.code = "a"}}, 2, "t1"));
  EXPECT_EQ(apply(listing, page_of({{.code = "b"}}), 1).ending, Ending::complete);
  EXPECT_THAT(missing(), ElementsAre("c"));
}

TEST_F(MirrorProbe, TheSameAgainInTheSameSecondWritesNothing) {
  apply(listing, page_of({{.code = "a"}}, 1));
  probe(page_of({{.code = "a"}}, 1));
  DataVersion version(path);
  const std::int64_t before = version.now();
  EXPECT_EQ(probe(page_of({{.code = "a"}}, 1)).unchanged, 1);
  EXPECT_EQ(version.now(), before);
}

// Two listings of one user are asked at a time, and their replies cross.
TEST_F(MirrorProbe, AnEarlierRequestsReplyHidesNothingThatALaterOneShowed) {
  ListingKey narrowed = user("openid-1");
  narrowed.stock_id = "stock-1";
  const ListingId other = watch(narrowed);
  apply(listing, page_of({{.code = "a"}}, 1));
  const RequestOrder early = send();
  oldest_open = early;
  apply(other, page_of({{.code = "a", .state = "USED"}}, 1));
  EXPECT_EQ(probe_reply(early, page_of({{.code = "a"}}, 1)).outdated, 1);
  EXPECT_EQ(state_of("a"), "USED");
  EXPECT_EQ(probe(page_of({{.code = "a"}}, 1)).updated, 1);
  EXPECT_EQ(state_of("a"), "EFFECTIVE");
}

// While another listing of the user is read, page after page.
TEST_F(MirrorProbe, KeepsWhatItShowedFromBeingMissedByAReadingUnderWay) {
  ListingKey narrowed = user("openid-1");
  narrowed.stock_id = "stock-1";
  const ListingId other = watch(narrowed);
  apply(other, page_of({{.code = "a"}, {.code = "b"}}, 2));
  const RequestOrder early = send();
  probe(page_of({{.code = "b"}}, 1));
  const PageOutcome outcome = apply_reply(early, other, page_of({{.code = "a"}}, 1));
  EXPECT_EQ(outcome.missing, 0);
  EXPECT_THAT(missing(), IsEmpty());
}

TEST_F(MirrorProbe, ShowsInTheListingsHealth) {
  apply(listing, page_of({{.code = "a"}}, 1));
  now += 60;
  probe(page_of({{.code = "a"}}, 1));
  EXPECT_EQ(
      value(path, "SELECT (age_seconds - probed_age_seconds) || ' ' || last_probed_at FROM v_listing_health"),
      "60 2025-06-15T23:07:40+08:00");
  now += 60;
  apply(listing, page_of({{.code = "a"}}, 1));
  EXPECT_EQ(value(path, "SELECT age_seconds - probed_age_seconds FROM v_listing_health"), "0");
}

}  // namespace
}  // namespace couponsync
