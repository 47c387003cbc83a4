#include "http/metrics.h"

#include "version.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <prometheus/text_serializer.h>

namespace couponsync::daemon {
namespace {

using prometheus::Gauge;
using prometheus::Registry;

constexpr std::array kQuantiles{0.5, 0.95, 1.0};

prometheus::Family<Gauge>& gauges(Registry& registry, const char* name, const char* help) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(registry);
}

prometheus::Family<Gauge>& avoided(Registry& registry) {
  return gauges(registry, "couponsyncd_domain_avoided",
                "1 while calls go to the other domain because this one failed repeatedly.");
}

prometheus::Family<Gauge>& paused(Registry& registry) {
  return gauges(
      registry, "couponsyncd_sending_paused",
      "1 while nothing is sent but single tries, for some seconds at least: no domain works, or WeChat "
      "Pay says that calls come too fast.");
}

prometheus::Family<Gauge>& listings(Registry& registry) {
  return gauges(registry, "couponsyncd_listings",
                "Watched listings; stale: not complete within three intervals, never_complete: not read to "
                "the end yet. Each counts once.");
}

/// A summary, because only summaries may have a quantile label; its values are computed anew for each scrape.
prometheus::MetricFamily staleness_of(const StatusReport* report) {
  prometheus::MetricFamily family;
  family.name = "couponsyncd_staleness_seconds";
  family.help = "How long ago the watched listings that were ever complete were so last.";
  family.type = prometheus::MetricType::Summary;
  prometheus::ClientMetric::Summary& summary = family.metric.emplace_back().summary;
  for (const double quantile : kQuantiles) {
    const auto age = report == nullptr ? std::chrono::seconds(0) : report->age_at(quantile);
    summary.quantile.push_back({quantile, static_cast<double>(age.count())});
  }
  if (report == nullptr) return family;
  for (const CompletedCount& count : report->status.listings.completed) {
    summary.sample_count += static_cast<std::uint64_t>(count.all);
    summary.sample_sum += static_cast<double>(count.all * std::max<std::int64_t>(report->now - count.at, 0));
  }
  return family;
}

/// Times that lie ahead are of a clock that was wrong.
UnixSeconds last_complete_sync(const MirrorStatus& status, UnixSeconds now) {
  UnixSeconds last = 0;
  for (const RunSummary& run : status.last_runs)
    if (run.finished_at && run.counters.listings_failed == 0 && *run.finished_at <= now + kMostAhead)
      last = std::max(last, *run.finished_at);
  return last;
}

}  // namespace

Metrics::Gauges::Gauges(Registry& registry)
    : requests_per_second(gauges(registry, "couponsyncd_quota_requests_per_second",
                                 "The pace of calls that was learned to be within the brand's quota.")
                              .Add({})),
      primary_avoided(avoided(registry).Add({{"domain", std::string(name_of(Domain::primary))}})),
      backup_avoided(avoided(registry).Add({{"domain", std::string(name_of(Domain::backup))}})),
      no_domain_works(paused(registry).Add({{"reason", "no_domain_works"}})),
      too_fast(paused(registry).Add({{"reason", "too_fast"}})),
      paused_until(gauges(registry, "couponsyncd_sending_paused_until_timestamp_seconds",
                          "When sending goes on; 0 while it is not paused, or until a call gets through.")
                       .Add({})),
      sending_stopped(
          gauges(registry, "couponsyncd_sending_stopped",
                 "1 while nothing is sent because WeChat Pay refuses this brand's calls (401, 403).")
              .Add({})),
      writing_stopped(gauges(registry, "couponsyncd_writing_stopped",
                             "1 while nothing is read because the mirror takes no rows.")
                          .Add({})),
      checkpoint_failing(
          gauges(registry, "couponsyncd_checkpoint_failing",
                 "1 while the mirror's write-ahead log cannot be moved into its file, and grows.")
              .Add({})),
      write_queue_jobs(gauges(registry, "couponsyncd_write_queue_jobs",
                              "Jobs that wait for the database thread or are being committed.")
                           .Add({})),
      listings_fresh(listings(registry).Add({{"health", "fresh"}})),
      listings_stale(listings(registry).Add({{"health", "stale"}})),
      listings_failing(listings(registry).Add({{"health", "failing"}})),
      listings_never_complete(listings(registry).Add({{"health", "never_complete"}})),
      mirror_bytes(gauges(registry, "couponsyncd_mirror_bytes", "Size of the mirror's file.").Add({})),
      wal_bytes(gauges(registry, "couponsyncd_wal_bytes", "Size of the mirror's write-ahead log.").Add({})),
      last_complete_sync(gauges(registry, "couponsyncd_last_complete_sync_timestamp_seconds",
                                "When the last sync ended in which no listing failed; 0 if none is known.")
                             .Add({})) {
  gauges(registry, "couponsyncd_build_info", "1; the label says which version runs.")
      .Add({{"version", COUPONSYNCD_VERSION}})
      .Set(1);
}

void Metrics::Gauges::set(const Observation& observation) {
  requests_per_second.Set(observation.requests_per_second);
  primary_avoided.Set(observation.primary_avoided ? 1 : 0);
  backup_avoided.Set(observation.backup_avoided ? 1 : 0);
  no_domain_works.Set(observation.no_domain_works ? 1 : 0);
  too_fast.Set(observation.too_fast ? 1 : 0);
  const Instant until = observation.too_fast ? observation.too_fast->until : Instant{};
  paused_until.Set(static_cast<double>(until.value_or(0)));
  sending_stopped.Set(observation.sending_stopped ? 1 : 0);
  writing_stopped.Set(observation.writing_stopped ? 1 : 0);
  checkpoint_failing.Set(observation.checkpoint_failing ? 1 : 0);
  write_queue_jobs.Set(static_cast<double>(observation.write_queue_jobs));
}

void Metrics::Gauges::set(const StatusReport& report) {
  const ListingHealth health = report.health();
  listings_fresh.Set(static_cast<double>(health.fresh));
  listings_stale.Set(static_cast<double>(health.stale));
  listings_failing.Set(static_cast<double>(health.failing));
  listings_never_complete.Set(static_cast<double>(health.never_complete));
  mirror_bytes.Set(static_cast<double>(report.status.file_bytes));
  wal_bytes.Set(static_cast<double>(report.status.log_bytes));
}

Metrics::Metrics(const Env& env)
    : env_(env), events_(registry_, env), gauges_(registry_), staleness_(staleness_of(nullptr)) {}

std::string Metrics::text(const Observation& observation) {
  gauges_.set(observation);
  UnixSeconds last_complete = events_.last_complete_sync();
  if (observation.report != nullptr) {
    gauges_.set(*observation.report);
    staleness_ = staleness_of(observation.report);
    // The service may be younger than the last sync.
    last_complete =
        std::max(last_complete, last_complete_sync(observation.report->status, observation.report->now));
  }
  const UnixSeconds now = to_unix_seconds(env_.wall_now());
  if (last_complete > now + kMostAhead) last_complete = 0;
  const double before = gauges_.last_complete_sync.Value();
  const bool believable = before <= static_cast<double>(now + kMostAhead);
  gauges_.last_complete_sync.Set(std::max(believable ? before : 0.0, static_cast<double>(last_complete)));
  std::vector<prometheus::MetricFamily> families = registry_.Collect();
  families.push_back(staleness_);
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace couponsync::daemon
