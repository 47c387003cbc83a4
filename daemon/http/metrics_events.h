#pragma once

#include "base/env.h"
#include "sync/events.h"

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

namespace couponsync::daemon {

/// Counts what happens. A label is a domain, a failure's name or another word of this program, never anything
/// of a listing or a coupon: there are as many series with 10,000 listings as with 10, and all of them from
/// the start, so that a first failure shows as an increase. On the io thread.
class MetricsEvents final : public Events {
 public:
  /// Both outlive it.
  MetricsEvents(prometheus::Registry& registry, const Env& env);

  /// When the last sync of which every listing succeeded was over; 0: none since the start.
  UnixSeconds last_complete_sync() const { return last_complete_sync_; }

  void run_finished(RunTrigger trigger, const RunCounters& counters) override;
  void run_interrupted(RunTrigger trigger, const RunCounters& counters) override;
  void page_committed(const ListingKey& key, std::int64_t page_index, const PageOutcome& outcome) override;
  void part_committed(const ListingKey& key, const PageOutcome& outcome) override;
  void listing_failed(const ListingKey& key, const Failure& why, std::chrono::seconds again_in) override;
  void oddities_found(const ListingKey& key, const std::vector<std::string>& oddities) override;
  void hint_followed(const HintedLook& look) override;
  void changes_found(std::int64_t changes, bool hinted) override;
  void call_started(Domain domain) override;
  void call_ended(Domain domain, const Failure* failure, std::chrono::nanoseconds took) override;
  void call_cancelled(Domain domain) override;
  void rate_limited(const ListingKey& key, Domain domain, const Failure& reply) override;

 private:
  using Counters = prometheus::Family<prometheus::Counter>;

  void begin_at_zero();
  void count_page(const PageOutcome& outcome);
  void count_sync(RunTrigger trigger, const char* result);
  prometheus::Histogram& duration(Domain domain);
  prometheus::Histogram& hint_delay(HintSource source);

  const Env& env_;
  Counters& calls_;
  prometheus::Family<prometheus::Histogram>& durations_;
  prometheus::Gauge& in_flight_;
  prometheus::Counter& rate_limited_;
  Counters& signature_failures_;
  Counters& rows_;
  prometheus::Counter& pages_;
  prometheus::Counter& oddities_;
  Counters& listing_failures_;
  Counters& syncs_;
  Counters& hinted_looks_;
  prometheus::Family<prometheus::Histogram>& hint_delays_;
  Counters& changes_;
  UnixSeconds last_complete_sync_ = 0;
};

}  // namespace couponsync::daemon
