#include "http/metrics.h"

#include "daemon/completed_counts.h"
#include "support/fake_env.h"
#include "support/http_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>
#include <set>

namespace couponsync::daemon {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Samples = std::map<std::string, double>;

class MetricsTest : public testing::Test {
 protected:
  Samples samples(const Observation& observation = {}) {
    return couponsync::test::parse_metrics(metrics_.text(observation));
  }
  double sample(const std::string& series) {
    const Samples all = samples();
    const auto found = all.find(series);
    EXPECT_NE(found, all.end()) << series;
    return found == all.end() ? -1 : found->second;
  }
  void end_call(Domain domain, std::optional<FailureKind> kind, milliseconds took = milliseconds(30)) {
    Failure failure;
    if (kind) failure.kind = *kind;
    events().call_started(domain);
    events().call_ended(domain, kind ? &failure : nullptr, took);
  }
  Events& events() { return metrics_.events(); }
  static ListingKey listing(int number) {
    return {"wx" + std::to_string(number), Openid("o-canary-" + std::to_string(number)), "p", "s", "USED"};
  }

  couponsync::test::FakeEnv env_;
  Metrics metrics_{env_};
};

std::set<std::string> names_of(const Samples& samples) {
  std::set<std::string> names;
  for (const auto& [series, value] : samples) names.insert(series.substr(0, series.find('{')));
  return names;
}

TEST_F(MetricsTest, HaveTheirNamesFromTheStart) {
  EXPECT_EQ(names_of(samples()), (std::set<std::string>{"couponsyncd_build_info",
                                                        "couponsyncd_call_duration_seconds_bucket",
                                                        "couponsyncd_call_duration_seconds_count",
                                                        "couponsyncd_call_duration_seconds_sum",
                                                        "couponsyncd_calls_in_flight",
                                                        "couponsyncd_calls_total",
                                                        "couponsyncd_changes_total",
                                                        "couponsyncd_checkpoint_failing",
                                                        "couponsyncd_domain_avoided",
                                                        "couponsyncd_hint_delay_seconds_bucket",
                                                        "couponsyncd_hint_delay_seconds_count",
                                                        "couponsyncd_hint_delay_seconds_sum",
                                                        "couponsyncd_hinted_looks_total",
                                                        "couponsyncd_last_complete_sync_timestamp_seconds",
                                                        "couponsyncd_listing_failures_total",
                                                        "couponsyncd_listings",
                                                        "couponsyncd_mirror_bytes",
                                                        "couponsyncd_oddities_total",
                                                        "couponsyncd_pages_total",
                                                        "couponsyncd_quota_requests_per_second",
                                                        "couponsyncd_rate_limited_total",
                                                        "couponsyncd_rows_total",
                                                        "couponsyncd_sending_paused",
                                                        "couponsyncd_sending_paused_until_timestamp_seconds",
                                                        "couponsyncd_sending_stopped",
                                                        "couponsyncd_signature_failures_total",
                                                        "couponsyncd_staleness_seconds",
                                                        "couponsyncd_staleness_seconds_count",
                                                        "couponsyncd_staleness_seconds_sum",
                                                        "couponsyncd_syncs_total",
                                                        "couponsyncd_wal_bytes",
                                                        "couponsyncd_write_queue_jobs",
                                                        "couponsyncd_writing_stopped"}));
}

TEST_F(MetricsTest, BeginAtZeroWithEveryLabelThereIs) {
  const Samples all = samples();
  for (const auto& [series, value] : all)
    if (!series.starts_with("couponsyncd_build_info")) {
      EXPECT_EQ(value, 0) << series;
    }
  for (const char* series :
       {R"(couponsyncd_calls_total{domain="backup",outcome="ok"})",
        R"(couponsyncd_calls_total{domain="primary",outcome="timed_out"})",
        R"(couponsyncd_call_duration_seconds_count{domain="backup"})",
        R"(couponsyncd_domain_avoided{domain="primary"})",
        R"(couponsyncd_signature_failures_total{kind="missing"})",
        R"(couponsyncd_signature_failures_total{kind="wrong"})",
        R"(couponsyncd_signature_failures_total{kind="clock_skew"})",
        R"(couponsyncd_listings{health="fresh"})", R"(couponsyncd_listings{health="stale"})",
        R"(couponsyncd_listings{health="failing"})", R"(couponsyncd_listings{health="never_complete"})",
        R"(couponsyncd_staleness_seconds{quantile="0.5"})",
        R"(couponsyncd_staleness_seconds{quantile="0.95"})", R"(couponsyncd_staleness_seconds{quantile="1"})",
        R"(couponsyncd_rows_total{effect="returned"})",
        R"(couponsyncd_listing_failures_total{failure="not_found"})",
        R"(couponsyncd_syncs_total{result="interrupted",trigger="sighup"})"})
    EXPECT_TRUE(all.contains(series)) << series;
}

TEST_F(MetricsTest, CountCallsByDomainAndOutcome) {
  end_call(Domain::primary, std::nullopt, milliseconds(30));
  end_call(Domain::primary, std::nullopt, milliseconds(700));
  end_call(Domain::backup, FailureKind::timed_out, seconds(20));
  EXPECT_EQ(sample(R"(couponsyncd_calls_total{domain="primary",outcome="ok"})"), 2);
  EXPECT_EQ(sample(R"(couponsyncd_calls_total{domain="backup",outcome="timed_out"})"), 1);
  EXPECT_EQ(sample(R"(couponsyncd_call_duration_seconds_count{domain="primary"})"), 2);
  EXPECT_DOUBLE_EQ(sample(R"(couponsyncd_call_duration_seconds_sum{domain="primary"})"), 0.73);
  EXPECT_EQ(sample(R"(couponsyncd_call_duration_seconds_bucket{domain="primary",le="0.05"})"), 1);
  EXPECT_EQ(sample(R"(couponsyncd_call_duration_seconds_bucket{domain="backup",le="10"})"), 0);
  EXPECT_EQ(sample(R"(couponsyncd_call_duration_seconds_bucket{domain="backup",le="20"})"), 1);
}

TEST_F(MetricsTest, TellCallsInFlightHoweverTheyEnd) {
  for (int i = 0; i < 3; ++i) events().call_started(Domain::primary);
  EXPECT_EQ(sample("couponsyncd_calls_in_flight"), 3);
  events().call_cancelled(Domain::primary);
  events().call_ended(Domain::primary, nullptr, seconds(1));
  EXPECT_EQ(sample("couponsyncd_calls_in_flight"), 1);
  EXPECT_EQ(sample(R"(couponsyncd_calls_total{domain="primary",outcome="ok"})"), 1);
}

TEST_F(MetricsTest, CountFailuresByTheirKind) {
  end_call(Domain::primary, FailureKind::signature_missing);
  end_call(Domain::primary, FailureKind::signature_wrong);
  end_call(Domain::backup, FailureKind::signature_wrong);
  end_call(Domain::primary, FailureKind::clock_skew);
  end_call(Domain::primary, FailureKind::rate_limited);
  events().rate_limited(listing(1), Domain::primary, {.kind = FailureKind::rate_limited});
  events().listing_failed(listing(1), {.kind = FailureKind::not_found}, seconds(30));
  EXPECT_EQ(sample(R"(couponsyncd_signature_failures_total{kind="missing"})"), 1);
  EXPECT_EQ(sample(R"(couponsyncd_signature_failures_total{kind="wrong"})"), 2);
  EXPECT_EQ(sample(R"(couponsyncd_signature_failures_total{kind="clock_skew"})"), 1);
  EXPECT_EQ(sample("couponsyncd_rate_limited_total"), 1);
  EXPECT_EQ(sample(R"(couponsyncd_listing_failures_total{failure="not_found"})"), 1);
}

TEST_F(MetricsTest, CountEachOddity) {
  events().oddities_found(listing(1), {"a: what", "b: what"});
  events().oddities_found(listing(2), {"a: what"});
  EXPECT_EQ(sample("couponsyncd_oddities_total"), 3);
}

TEST_F(MetricsTest, CountPagesAndWhatTheyDid) {
  PageOutcome outcome;
  outcome.inserted = 1;
  outcome.updated = 2;
  outcome.unchanged = 3;
  outcome.missing = 4;
  outcome.returned = 5;
  events().page_committed(listing(1), 0, outcome);
  events().page_committed(listing(2), 1, outcome);
  EXPECT_EQ(sample("couponsyncd_pages_total"), 2);
  EXPECT_EQ(sample(R"(couponsyncd_rows_total{effect="inserted"})"), 2);
  EXPECT_EQ(sample(R"(couponsyncd_rows_total{effect="updated"})"), 4);
  EXPECT_EQ(sample(R"(couponsyncd_rows_total{effect="unchanged"})"), 6);
  EXPECT_EQ(sample(R"(couponsyncd_rows_total{effect="missing"})"), 8);
  EXPECT_EQ(sample(R"(couponsyncd_rows_total{effect="returned"})"), 10);
}

TEST_F(MetricsTest, CountSyncsAndTellWhenTheLastCompleteOneWas) {
  RunCounters incomplete;
  incomplete.listings_failed = 1;
  events().run_finished(RunTrigger::start, incomplete);
  events().run_interrupted(RunTrigger::sighup, {});
  EXPECT_EQ(sample("couponsyncd_last_complete_sync_timestamp_seconds"), 0);
  events().run_finished(RunTrigger::interval, {});
  EXPECT_EQ(sample("couponsyncd_last_complete_sync_timestamp_seconds"),
            static_cast<double>(to_unix_seconds(env_.wall_now())));
  EXPECT_EQ(sample(R"(couponsyncd_syncs_total{result="incomplete",trigger="start"})"), 1);
  EXPECT_EQ(sample(R"(couponsyncd_syncs_total{result="interrupted",trigger="sighup"})"), 1);
  EXPECT_EQ(sample(R"(couponsyncd_syncs_total{result="complete",trigger="interval"})"), 1);
}

TEST_F(MetricsTest, TellWhatIsSoNow) {
  const Samples now = samples({.requests_per_second = 42.5,
                               .primary_avoided = true,
                               .sending_stopped = true,
                               .writing_stopped = true,
                               .checkpoint_failing = true,
                               .write_queue_jobs = 7});
  EXPECT_EQ(now.at("couponsyncd_quota_requests_per_second"), 42.5);
  EXPECT_EQ(now.at(R"(couponsyncd_domain_avoided{domain="primary"})"), 1);
  EXPECT_EQ(now.at(R"(couponsyncd_domain_avoided{domain="backup"})"), 0);
  EXPECT_EQ(now.at("couponsyncd_sending_stopped"), 1);
  EXPECT_EQ(now.at("couponsyncd_writing_stopped"), 1);
  EXPECT_EQ(now.at("couponsyncd_checkpoint_failing"), 1);
  EXPECT_EQ(now.at("couponsyncd_write_queue_jobs"), 7);
  EXPECT_EQ(sample("couponsyncd_sending_stopped"), 0) << "and no longer";
  EXPECT_EQ(sample("couponsyncd_checkpoint_failing"), 0);
}

TEST_F(MetricsTest, TellWhatTheMirrorSays) {
  StatusReport report;
  report.now = 10'000;
  report.max_age = seconds(1'000);
  report.status.listings.watched = 7;
  report.status.listings.failing = 2;
  report.status.listings.never_completed = 2;
  report.status.listings.completed = completed({8'000, 8'500, 9'100, 9'500, 9'900}, {8'500});
  report.status.file_bytes = 4'096;
  report.status.log_bytes = 512;
  report.status.last_runs = {{.id = 3, .trigger = "start", .finished_at = {}, .counters = {}},
                             {.id = 2, .trigger = "start", .finished_at = 9'000, .counters = {}},
                             {.id = 1, .trigger = "start", .finished_at = 8'000, .counters = {}}};
  Samples now = samples({.report = &report});
  EXPECT_EQ(now.at(R"(couponsyncd_listings{health="fresh"})"), 3);
  EXPECT_EQ(now.at(R"(couponsyncd_listings{health="stale"})"), 1);
  EXPECT_EQ(now.at(R"(couponsyncd_listings{health="failing"})"), 2);
  EXPECT_EQ(now.at(R"(couponsyncd_listings{health="never_complete"})"), 1);
  EXPECT_EQ(now.at(R"(couponsyncd_staleness_seconds{quantile="0.5"})"), 900);
  EXPECT_EQ(now.at(R"(couponsyncd_staleness_seconds{quantile="1"})"), 2'000);
  EXPECT_EQ(now.at("couponsyncd_staleness_seconds_count"), 5);
  EXPECT_EQ(now.at("couponsyncd_staleness_seconds_sum"), 5'000);
  EXPECT_EQ(now.at("couponsyncd_mirror_bytes"), 4'096);
  EXPECT_EQ(now.at("couponsyncd_wal_bytes"), 512);
  EXPECT_EQ(now.at("couponsyncd_last_complete_sync_timestamp_seconds"), 9'000)
      << "of the service before this";
  EXPECT_EQ(samples(), now) << "the last values stay while the mirror cannot be read";
}

TEST_F(MetricsTest, AreAsManyWithTenThousandListingsAsWithTen) {
  const auto live_through = [this](int listings) {
    for (int i = 0; i < listings; ++i) {
      end_call(Domain::primary, i % 3 == 0 ? std::optional(FailureKind::server_error) : std::nullopt);
      events().page_committed(listing(i), i, {});
      events().listing_failed(
          listing(i), {.kind = FailureKind::server_error, .code = "CODE" + std::to_string(i)}, seconds(30));
      events().rate_limited(listing(i), Domain::primary, {});
    }
    std::set<std::string> series;
    for (const auto& [name, value] : samples()) series.insert(name);
    return series;
  };
  const std::set<std::string> at_start = live_through(0);
  EXPECT_EQ(live_through(10), at_start);
  EXPECT_EQ(live_through(10'000), at_start);
  EXPECT_LT(at_start.size(), 200U);
  EXPECT_EQ(metrics_.text({}).find("canary"), std::string::npos);
}

TEST_F(MetricsTest, EachHaveAHelpAndAType) {
  const std::string text = metrics_.text({});
  std::set<std::string> helped;
  std::set<std::string> typed;
  const std::regex line("# (HELP|TYPE) (\\S+) .+");
  for (std::sregex_iterator i(text.begin(), text.end(), line), end; i != end; ++i)
    ((*i)[1] == "HELP" ? helped : typed).insert((*i)[2]);
  EXPECT_EQ(helped, typed);
  EXPECT_EQ(helped.size(), 27U);
}

}  // namespace
}  // namespace couponsync::daemon
