#include "status_report.h"

#include "daemon/completed_counts.h"

#include <boost/json/parse.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace couponsync::daemon {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr UnixSeconds kNow = 1'750'000'000;

StatusReport healthy() {
  StatusReport report;
  report.now = kNow;
  report.max_age = seconds(2'700);
  report.status.schema_version = 2;
  report.status.listings.watched = 4;
  report.status.listings.completed = completed({kNow - 2'700, kNow - 90, kNow - 60, kNow - 30});
  report.status.states = {{"EFFECTIVE", 7, 1}, {"USED", 2, 0}};
  report.status.changes = 12;
  return report;
}

FailingListing failing() {
  FailingListing listing;
  listing.id = 7;
  listing.log_name = "~3f9c21a07b4d";
  listing.failures = 2;
  listing.next_due_at = kNow + 61;
  listing.last_error_code = "TIMED_OUT";
  listing.last_error = "TIMED_OUT: no reply (Request-ID 08F7)";
  return listing;
}

TEST(StatusReport, CountsEachListingOnceByItsHealth) {
  StatusReport report = healthy();
  report.status.listings.watched = 8;
  report.status.listings.failing = 3;
  report.status.listings.never_completed = 3;
  report.status.listings.completed =
      completed({kNow - 9'000, kNow - 2'701, kNow - 2'700, kNow - 60, kNow}, {kNow - 9'000, kNow - 60});
  const ListingHealth health = report.health();
  EXPECT_EQ(health.failing, 3) << "two that were complete once and one that never was";
  EXPECT_EQ(health.never_complete, 2);
  EXPECT_EQ(health.stale, 1);
  EXPECT_EQ(health.fresh, 2);
}

TEST(StatusReport, DoesNotBelieveTimesThatLieAhead) {
  StatusReport report = healthy();
  report.status.listings.completed = completed({kNow - 60, kNow + 30, kNow + 28'800});
  report.status.listings.watched = 3;
  EXPECT_EQ(report.health().stale, 1) << "nobody knows how old it is";
  EXPECT_EQ(report.health().fresh, 2);
  EXPECT_EQ(report.age_at(0.3), seconds(0));
  EXPECT_THAT(report.problems(),
              ElementsAre(HasSubstr("1 listings were last complete at a time that lies ahead")));
  report.status.failing = {failing()};
  report.status.failing[0].next_due_at = kNow + 28'800;
  report.status.listings.failing = 1;
  EXPECT_THAT(report.text(), HasSubstr("again now"));
}

TEST(StatusReport, IsHealthyWithinTheLimit) {
  EXPECT_THAT(healthy().problems(), IsEmpty());
  EXPECT_THAT(healthy().text(), HasSubstr("healthy   every listing was complete within 45 min\n"));
}

TEST(StatusReport, TakesAgesAtTheNearestRank) {
  EXPECT_EQ(healthy().age_at(0.5), seconds(60));
  EXPECT_EQ(healthy().age_at(0.95), seconds(2'700));
  EXPECT_EQ(healthy().age_at(1.0), seconds(2'700));
  EXPECT_EQ(StatusReport{}.age_at(0.5), seconds(0));
}

TEST(StatusReport, NamesEachKindOfProblem) {
  StatusReport report = healthy();
  report.now += 1;
  EXPECT_THAT(report.problems(),
              ElementsAre("1 listings were last complete more than 45 min ago, the oldest 45 min 1 s ago"));
  report = healthy();
  report.status.listings.failing = 3;
  report.status.listings.never_completed = 1;
  EXPECT_THAT(report.problems(), ElementsAre("3 listings are failing", "1 listings were never complete"));
  report.status = {};
  EXPECT_THAT(report.problems(), ElementsAre("nothing is watched yet"));
}

TEST(StatusReport, TellsPeopleWhatFailsAndWhy) {
  StatusReport report = healthy();
  report.status.failing = {failing()};
  report.status.listings.failing = 2;
  EXPECT_THAT(report.text(),
              HasSubstr("failing   ~3f9c21a07b4d (listing 7): 2 times, complete never, again in"
                        " 1 min 1 s: TIMED_OUT: no reply (Request-ID 08F7)\n"
                        "failing   and 1 more, see v_listing_health\n"));
  EXPECT_THAT(report.text(),
              HasSubstr("coupons   9 listed: 7 EFFECTIVE, 2 USED; 1 missing; change feed at seq 12"));
}

TEST(StatusReport, SaysTheSameAsJson) {
  StatusReport report = healthy();
  report.status.failing = {failing()};
  report.status.listings.failing = 1;
  report.status.last_runs = {
      {.id = 3, .trigger = "once", .started_at = kNow - 9, .finished_at = {}, .counters = {}}};
  const boost::json::object json = boost::json::parse(report.json()).as_object();
  EXPECT_FALSE(json.at("healthy").as_bool());
  EXPECT_EQ(json.at("staleness_seconds").at("p50").as_int64(), 60);
  EXPECT_EQ(json.at("listings").at("failing").as_int64(), 1);
  EXPECT_EQ(json.at("failing").at(0).at("last_error_code").as_string(), "TIMED_OUT");
  EXPECT_EQ(json.at("coupons").at(0).at("missing").as_int64(), 1);
  EXPECT_TRUE(json.at("runs").at(0).at("finished_at").is_null());
  EXPECT_EQ(json.at("runs").at(0).at("requests").as_int64(), 0);
}

}  // namespace
}  // namespace couponsync::daemon
