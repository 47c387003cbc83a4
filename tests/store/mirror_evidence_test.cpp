#include "base/coupon_state.h"
#include "store/mirror_fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

namespace couponsync {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// Rule 3 where listings are narrowed by state, and rule 5: each scene has a coupon "a" that exists all the
/// time unless its name says otherwise.
class MirrorEvidence : public MirrorTest {
 protected:
  ListingKey of_state(const std::string& state, const std::string& stock = "") const {
    ListingKey key = user("openid-1");
    key.stock_id = stock;
    key.coupon_state = state;
    return key;
  }
  void watch_states(const std::vector<std::string>& states) {
    for (const std::string& state : states) listings[state] = watch(of_state(state));
  }
  /// One user's coupons, and those of one stock once more.
  void watch_overlapping() {
    listings["all"] = watch(user("openid-1"));
    listings["stock"] = watch(of_state("", "stock-1"));
  }
  /// Sends a request whose reply may still come, whatever else comes first.
  RequestOrder send_and_wait() {
    oldest_open = send();
    return oldest_open;
  }
  void watch_all_states() {
    for (const std::string_view state : kCouponStates) watch_states({std::string(state)});
  }
  /// Reads one listing to its end: it holds `codes`, in one page.
  PageOutcome read(const std::string& state, const std::vector<std::string>& codes = {}) {
    return apply(listings.at(state), page_with(state, codes));
  }
  static Page page_with(const std::string& state, const std::vector<std::string>& codes) {
    Page page;
    for (const std::string& code : codes) page.coupons.push_back(coupon(code, state));
    page.total_count = static_cast<std::int64_t>(codes.size());
    return page;
  }
  /// One round of all the listings, in the order of a coupon's life.
  void read_round(const std::map<std::string, std::vector<std::string>>& held = {}) {
    for (const std::string_view name : kCouponStates) {
      const std::string state(name);
      const auto codes = held.find(state);
      if (listings.contains(state))
        read(state, codes == held.end() ? std::vector<std::string>{} : codes->second);
    }
    now += 60;
  }

  std::vector<std::string> how(const std::string& code = "a") const {
    return rows(path,
                "SELECT coupon_state, missing_since IS NOT NULL, unlisted_since IS NOT NULL FROM coupon"
                " WHERE coupon_code = '" +
                    code + "'");
  }
  std::vector<std::string> searches() const {
    return rows(path, "SELECT coupon_code FROM absence JOIN coupon ON coupon.id = coupon_id ORDER BY 1");
  }

  std::map<std::string, ListingId> listings;
};

TEST_F(MirrorEvidence, UsedBetweenTheRepliesOfEffectiveAndUsedInOneSecondIsNotMissing) {
  watch_all_states();
  read_round({{"EFFECTIVE", {"a"}}});
  read("USED");
  read("EFFECTIVE");  // used just now
  EXPECT_THAT(how(), ElementsAre("EFFECTIVE|0|0"));
  read("USED", {"a"});
  EXPECT_THAT(how(), ElementsAre("USED|0|0"));
  EXPECT_THAT(searches(), IsEmpty());
}

TEST_F(MirrorEvidence, MovingForwardTwiceBehindTheReadingsBackIsNotMissing) {
  watch_all_states();
  read_round({{"PENDING", {"a"}}});
  read("PENDING");  // it is EFFECTIVE now
  read("USED");     // and now it is used
  read("EFFECTIVE");
  for (const std::string state : {"CONFIRMING", "EXPIRED", "DEACTIVATED", "DELETED"}) read(state);
  EXPECT_THAT(how(), ElementsAre("PENDING|0|0"));
  read_round({{"USED", {"a"}}});
  EXPECT_THAT(how(), ElementsAre("USED|0|0"));
}

/// In this order of the listings two moves in two rounds are enough to be in none of them.
TEST_F(MirrorEvidence, MovingOnceInEachOfTwoRoundsReadBackwardsIsNotMissing) {
  watch_all_states();
  read_round({{"PENDING", {"a"}}});
  const auto read_backwards = [&] {
    for (const std::string state :
         {"DELETED", "DEACTIVATED", "EXPIRED", "USED", "EFFECTIVE", "PENDING", "CONFIRMING"})
      read(state);
  };
  read_backwards();  // EFFECTIVE since EFFECTIVE was read
  read_backwards();  // USED since USED was read
  EXPECT_THAT(how(), ElementsAre("PENDING|0|0"));
  read("USED", {"a"});
  EXPECT_THAT(how(), ElementsAre("USED|0|0"));
}

TEST_F(MirrorEvidence, AUseReturnedBetweenTwoListingsIsNotMissing) {
  watch_all_states();
  read_round({{"USED", {"a"}}});
  read_round();  // EFFECTIVE was read before the return, USED after it
  EXPECT_THAT(how(), ElementsAre("USED|0|0"));
  read_round({{"EFFECTIVE", {"a"}}});
  EXPECT_THAT(how(), ElementsAre("EFFECTIVE|0|0"));
  EXPECT_THAT(searches(), IsEmpty());
}

TEST_F(MirrorEvidence, ASightingByAnyListingClearsWhatSpokeForAbsence) {
  watch_all_states();
  listings["stock"] = watch(of_state("USED", "stock-1"));
  read_round({{"EFFECTIVE", {"a"}}});
  read_round();
  EXPECT_THAT(searches(), ElementsAre("a"));
  apply(listings["stock"], page_with("USED", {"a"}));
  EXPECT_THAT(searches(), IsEmpty());
  read("USED", {"a"});
  EXPECT_THAT(how(), ElementsAre("USED|0|0"));
  // Once it is gone the search begins anew, with two whole passes.
  read("USED");
  apply(listings["stock"], page_with("USED", {}));
  EXPECT_THAT(how(), ElementsAre("USED|0|0"));
}

TEST_F(MirrorEvidence, ASightingOfTheSameCouponClearsWhatSpokeForItsAbsenceAsWell) {
  watch_all_states();
  read_round({{"EFFECTIVE", {"a"}}});
  read_round();
  EXPECT_THAT(searches(), ElementsAre("a"));
  read("EFFECTIVE", {"a"});
  EXPECT_THAT(searches(), IsEmpty());
  read_round();
  EXPECT_THAT(how(), ElementsAre("EFFECTIVE|0|0"));
}

TEST_F(MirrorEvidence, TwoWholeRoundsWithoutItMakeItMissing) {
  watch_all_states();
  read_round({{"EFFECTIVE", {"a", "b"}}});
  read_round({{"EFFECTIVE", {"b"}}});
  EXPECT_THAT(how(), ElementsAre("EFFECTIVE|0|0"));
  read_round({{"EFFECTIVE", {"b"}}});
  EXPECT_THAT(how(), ElementsAre("EFFECTIVE|1|0"));
  EXPECT_THAT(how("b"), ElementsAre("EFFECTIVE|0|0"));
  EXPECT_THAT(searches(), IsEmpty());
  EXPECT_EQ(changes().back(), "missing|EFFECTIVE|EFFECTIVE");
  read_round({{"EFFECTIVE", {"a", "b"}}});
  EXPECT_THAT(how(), ElementsAre("EFFECTIVE|0|0"));
  EXPECT_EQ(changes().back(), "returned|EFFECTIVE|EFFECTIVE");
}

TEST_F(MirrorEvidence, TheTwoRoundsMayBeInTwoLivesOfTheProcess) {
  watch_all_states();
  read_round({{"USED", {"a"}}});
  reopen();
  read_round();
  reopen();
  read_round();
  EXPECT_THAT(how(), ElementsAre("USED|1|0"));
}

TEST_F(MirrorEvidence, TheSecondRoundTellsNothingWhereItBeginsLongAfterTheFirst) {
  watch_all_states();
  read_round({{"EFFECTIVE", {"a"}}});
  for (int day = 0; day < 3; ++day) {
    now += 86'400;
    read_round();  // used and returned behind its back
    EXPECT_THAT(how(), ElementsAre("EFFECTIVE|0|0"));
    EXPECT_THAT(searches(), ElementsAre("a"));
  }
  read_round();
  read_round();
  EXPECT_THAT(how(), ElementsAre("EFFECTIVE|1|0"));
}

TEST_F(MirrorEvidence, TheSecondRoundTellsNothingWhereTheClockWasSetBackSinceTheFirst) {
  watch_all_states();
  read_round({{"EFFECTIVE", {"a"}}});
  read_round();
  now -= 3'600;
  read_round();
  EXPECT_THAT(how(), ElementsAre("EFFECTIVE|0|0"));
  read_round();
  EXPECT_THAT(how(), ElementsAre("EFFECTIVE|1|0"));
}

TEST_F(MirrorEvidence, AReadingOfSeveralPagesCountsOnceASecondOneShowsTheSame) {
  watch_all_states();
  read_round({{"EFFECTIVE", {"a"}}, {"USED", {"b", "c"}}});
  const auto read_used = [&] {
    Page first = page_with("USED", {"b"});
    first.total_count = 2;
    first.next_page_token = "t";
    apply(listings.at("USED"), first);
    Page last = page_with("USED", {"c"});
    last.total_count.reset();
    return apply(listings.at("USED"), last, 1);
  };
  EXPECT_EQ(read_used().ending, Ending::complete) << "nobody is searched for";
  EXPECT_EQ(value(path, "SELECT last_whole_order IS NOT NULL FROM listing WHERE coupon_state = 'EXPIRED'"),
            "1");
  read("EFFECTIVE");
  const std::string before = value(path, "SELECT last_whole_order FROM listing WHERE coupon_state = 'USED'");
  EXPECT_EQ(read_used().ending, Ending::unconfirmed);
  EXPECT_EQ(value(path, "SELECT last_whole_order FROM listing WHERE coupon_state = 'USED'"), before);
  EXPECT_EQ(read_used().ending, Ending::complete);
  EXPECT_NE(value(path, "SELECT last_whole_order FROM listing WHERE coupon_state = 'USED'"), before);
}

TEST_F(MirrorEvidence, OnlyEffectiveWatchedMarksNothingMissing) {
  watch_states({"EFFECTIVE"});
  read("EFFECTIVE", {"a", "b"});
  now += 900;
  const PageOutcome outcome = read("EFFECTIVE", {"b"});
  EXPECT_EQ(outcome.missing, 0);
  EXPECT_EQ(outcome.unlisted, 1);
  EXPECT_THAT(how(), ElementsAre("EFFECTIVE|0|1"));
  EXPECT_EQ(value(path, "SELECT unlisted_since, changed_at FROM coupon WHERE coupon_code = 'a'"),
            std::to_string(now) + "|" + std::to_string(now));
  EXPECT_EQ(changes().back(), "unlisted|EFFECTIVE|EFFECTIVE");
  const std::size_t told = changes().size();
  for (int i = 0; i < 3; ++i) read("EFFECTIVE", {"b"});
  EXPECT_EQ(changes().size(), told) << "it is told once";
  EXPECT_EQ(read("EFFECTIVE", {"a", "b"}).listed, 1);
  EXPECT_THAT(how(), ElementsAre("EFFECTIVE|0|0"));
  EXPECT_EQ(changes().back(), "listed|EFFECTIVE|EFFECTIVE");
}

TEST_F(MirrorEvidence, ExpiredWhileEffectiveAndUsedAreWatchedIsUnlistedSinceItWasFirstNotListed) {
  watch_states({"EFFECTIVE", "USED"});
  read_round({{"EFFECTIVE", {"a"}}});
  const UnixSeconds first_without = now;
  EXPECT_EQ(read("EFFECTIVE").searched_for, 1);
  EXPECT_EQ(read("USED").searched_for, 1) << "a return could have hidden it";
  EXPECT_THAT(how(), ElementsAre("EFFECTIVE|0|0"));
  now += 1;
  read("EFFECTIVE");
  EXPECT_EQ(read("USED").unlisted, 1);
  EXPECT_THAT(how(), ElementsAre("EFFECTIVE|0|1"));
  EXPECT_EQ(value(path, "SELECT unlisted_since FROM coupon"), std::to_string(first_without));
  EXPECT_EQ(read("USED", {"a"}).listed, 1);
  EXPECT_THAT(changes(), ElementsAre("added|NULL|EFFECTIVE", "unlisted|EFFECTIVE|EFFECTIVE",
                                     "listed|EFFECTIVE|EFFECTIVE", "state|EFFECTIVE|USED"));
}

TEST_F(MirrorEvidence, StatesThatLeaveTheWatchlistLeaveTheirCouponsUnlisted) {
  watch_states({"EFFECTIVE", "USED"});
  read_round({{"EFFECTIVE", {"b"}}, {"USED", {"a"}}});
  watched.clear();
  listings.clear();
  watch_states({"EFFECTIVE"});
  read("EFFECTIVE", {"b"});
  EXPECT_THAT(how(), ElementsAre("USED|0|1"));
  EXPECT_THAT(how("b"), ElementsAre("EFFECTIVE|0|0"));
}

TEST_F(MirrorEvidence, UnlistedBecomesMissingOnceAllStatesAreWatched) {
  watch_states({"EFFECTIVE"});
  read("EFFECTIVE", {"a"});
  read("EFFECTIVE");
  EXPECT_THAT(how(), ElementsAre("EFFECTIVE|0|1"));
  watched.clear();
  listings.clear();
  watch_all_states();
  read_round();
  read_round();
  EXPECT_THAT(how(), ElementsAre("EFFECTIVE|1|0"));
  EXPECT_EQ(changes().back(), "missing|EFFECTIVE|EFFECTIVE");
}

TEST_F(MirrorEvidence, AnUndocumentedStateIsNoStateThatIsWatched) {
  listings["all"] = watch(user("openid-1"));
  apply(listings["all"], page_of({{.code = "a", .state = "FROZEN"}}, 1));
  watched.clear();
  listings.clear();
  watch_all_states();
  for (int i = 0; i < 3; ++i) read_round();
  EXPECT_THAT(how(), ElementsAre("FROZEN|0|1"));
}

TEST_F(MirrorEvidence, AListingOfAllStatesDecidesAlone) {
  watch_states({"EFFECTIVE", "USED"});
  listings["all"] = watch(user("openid-1"));
  apply(listings["all"], page_of({{.code = "a"}}, 1));
  read_round();
  read_round();
  EXPECT_THAT(how(), ElementsAre("EFFECTIVE|0|0"));
  EXPECT_THAT(searches(), IsEmpty());
  apply(listings["all"], page_of({}, 0));
  EXPECT_THAT(how(), ElementsAre("EFFECTIVE|1|0"));
}

TEST_F(MirrorEvidence, ALateReplyDoesNotHideWhatALaterRequestShowed) {
  watch_overlapping();
  const RequestOrder earlier = send_and_wait();
  apply(listings["stock"], page_of({{.code = "a"}}, 1));
  apply_reply(earlier, listings["all"], page_of({}, 0));
  EXPECT_THAT(how(), ElementsAre("EFFECTIVE|0|0"));
  EXPECT_THAT(changes(), ElementsAre("added|NULL|EFFECTIVE"));
}

TEST_F(MirrorEvidence, ALateReplyDoesNotTurnUsedBackIntoEffective) {
  watch_overlapping();
  apply(listings["all"], page_of({{.code = "a"}}, 1));
  const RequestOrder earlier = send_and_wait();
  apply(listings["stock"], page_of({{.code = "a", .state = "USED"}}, 1));
  const PageOutcome late = apply_reply(earlier, listings["all"], page_of({{.code = "a"}}, 1));
  EXPECT_EQ(late.outdated, 1);
  EXPECT_EQ(late.updated, 0);
  EXPECT_THAT(how(), ElementsAre("USED|0|0"));
  EXPECT_THAT(changes(), ElementsAre("added|NULL|EFFECTIVE", "state|EFFECTIVE|USED"));
}

TEST_F(MirrorEvidence, ALateReplyDoesNotBringBackWhatALaterReadingMissed) {
  watch_overlapping();
  apply(listings["all"], page_of({{.code = "a"}}, 1));
  const RequestOrder earlier = send_and_wait();
  apply(listings["all"], page_of({}, 0));
  EXPECT_EQ(apply_reply(earlier, listings["stock"], page_of({{.code = "a"}}, 1)).returned, 0);
  EXPECT_THAT(how(), ElementsAre("EFFECTIVE|1|0"));
}

TEST_F(MirrorEvidence, ALateReplyIsOlderAlsoBehindATransactionThatWasTakenBack) {
  watch_overlapping();
  apply(listings["all"], page_of({{.code = "a"}}, 1));
  const RequestOrder earlier = send_and_wait();
  apply(listings["stock"], page_of({{.code = "a", .state = "USED"}}, 1));
  mirror.begin();
  apply(listings["stock"], page_of({{.code = "a", .state = "EXPIRED"}}, 1));
  mirror.rollback();
  apply_reply(earlier, listings["all"], page_of({{.code = "a"}}, 1));
  EXPECT_THAT(how(), ElementsAre("USED|0|0"));
}

TEST_F(MirrorEvidence, AReplyOfATransactionThatWasTakenBackMakesNoOtherOneLate) {
  watch_overlapping();
  apply(listings["all"], page_of({{.code = "a"}}, 1));
  const RequestOrder earlier = send_and_wait();
  mirror.begin();
  apply(listings["stock"], page_of({{.code = "a", .state = "EXPIRED"}}, 1));
  mirror.rollback();
  apply_reply(earlier, listings["all"], page_of({{.code = "a", .state = "USED"}}, 1));
  EXPECT_THAT(how(), ElementsAre("USED|0|0"));
}

TEST_F(MirrorEvidence, RequestsOfALaterLifeAreLater) {
  watch_all_states();
  read_round({{"EFFECTIVE", {"a"}}});
  const RequestOrder last = next_request;
  reopen();
  EXPECT_GE(next_request, last - 1);
  watch_states({});
  read("EFFECTIVE", {"a"});
  EXPECT_THAT(how(), ElementsAre("EFFECTIVE|0|0"));
}

}  // namespace
}  // namespace couponsync
