#pragma once

#include "http/metrics_events.h"
#include "status_report.h"

#include <cstddef>
#include <optional>
#include <prometheus/registry.h>
#include <string>

namespace couponsync::daemon {

/// What is so at the moment of a scrape.
struct Observation {
  double requests_per_second = 0;
  bool primary_avoided = false;
  bool backup_avoided = false;
  std::optional<Pause> no_domain_works{};
  std::optional<Pause> too_fast{};
  bool sending_stopped = false;
  bool writing_stopped = false;
  bool checkpoint_failing = false;
  std::size_t write_queue_jobs = 0;
  const StatusReport* report = nullptr;  ///< null: the mirror was not read yet, the last values stay
};

/// The metrics as Prometheus reads them. On the io thread.
class Metrics {
 public:
  /// `env` outlives it.
  explicit Metrics(const Env& env);

  Events& events() { return events_; }
  /// For what counts its own.
  prometheus::Registry& registry() { return registry_; }
  std::string text(const Observation& observation);

 private:
  struct Gauges {
    explicit Gauges(prometheus::Registry& registry);
    void set(const Observation& observation);
    void set(const StatusReport& report);

    prometheus::Gauge& requests_per_second;
    prometheus::Gauge& primary_avoided;
    prometheus::Gauge& backup_avoided;
    prometheus::Gauge& no_domain_works;
    prometheus::Gauge& too_fast;
    prometheus::Gauge& paused_until;
    prometheus::Gauge& sending_stopped;
    prometheus::Gauge& writing_stopped;
    prometheus::Gauge& checkpoint_failing;
    prometheus::Gauge& write_queue_jobs;
    prometheus::Gauge& listings_fresh;
    prometheus::Gauge& listings_stale;
    prometheus::Gauge& listings_failing;
    prometheus::Gauge& listings_never_complete;
    prometheus::Gauge& mirror_bytes;
    prometheus::Gauge& wal_bytes;
    prometheus::Gauge& last_complete_sync;
  };

  const Env& env_;
  prometheus::Registry registry_;
  MetricsEvents events_;
  Gauges gauges_;
  prometheus::MetricFamily staleness_;
};

}  // namespace couponsync::daemon
