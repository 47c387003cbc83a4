#include "http/metrics_events.h"

#include <array>
#include <cctype>
#include <string>
#include <string_view>

namespace couponsync::daemon {
namespace {

using prometheus::Counter;
using prometheus::Registry;

constexpr std::array kDomains{Domain::primary, Domain::backup};
/// The service never has the trigger `once`.
constexpr std::array kTriggers{RunTrigger::start, RunTrigger::interval, RunTrigger::sighup};
constexpr std::array kSignatureFailures{FailureKind::signature_missing, FailureKind::signature_wrong,
                                        FailureKind::reply_replayed, FailureKind::clock_skew};
constexpr std::array kHintSources{HintSource::request, HintSource::notification};
constexpr FailureKind kLastOfACall = FailureKind::unexpected_status;
constexpr FailureKind kLast = FailureKind::mirror_gone;

constexpr const char* kComplete = "complete";
constexpr const char* kIncomplete = "incomplete";
constexpr const char* kInterrupted = "interrupted";

/// From a refused connection to the request timeout's default and beyond.
const prometheus::Histogram::BucketBoundaries kDurations{0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 60};

/// From a call's duration to what a quota that is used up makes of it.
const prometheus::Histogram::BucketBoundaries kHintDelays{0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 900};

prometheus::Family<Counter>& counters(Registry& registry, const char* name, const char* help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(registry);
}

std::string lower_case_name(FailureKind kind) {
  std::string name(rule_of(kind).name);
  for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return name;
}

/// signature_missing: "missing"; clock_skew as it is.
std::string signature_label(FailureKind kind) {
  constexpr std::string_view kPrefix = "signature_";
  const std::string name = lower_case_name(kind);
  return name.starts_with(kPrefix) ? name.substr(kPrefix.size()) : name;
}

std::vector<FailureKind> kinds_up_to(FailureKind last) {
  std::vector<FailureKind> kinds;
  for (int i = 0; i <= static_cast<int>(last); ++i) kinds.push_back(static_cast<FailureKind>(i));
  return kinds;
}

prometheus::Labels look_labels(int look, bool found) {
  return {{"look", std::to_string(look)}, {"found", found ? "yes" : "no"}};
}

prometheus::Labels change_labels(bool hinted) { return {{"announced", hinted ? "hint" : "nobody"}}; }

prometheus::Labels call_labels(Domain domain, const Failure* failure) {
  return {{"domain", std::string(name_of(domain))},
          {"outcome", failure == nullptr ? "ok" : lower_case_name(failure->kind)}};
}

}  // namespace

MetricsEvents::MetricsEvents(Registry& registry, const Env& env)
    : env_(env),
      calls_(counters(registry, "couponsyncd_calls_total",
                      "Calls to WeChat Pay that ended, by domain and by what came of them.")),
      durations_(prometheus::BuildHistogram()
                     .Name("couponsyncd_call_duration_seconds")
                     .Help("How long calls took from sending to a verified and decoded page or a failure.")
                     .Register(registry)),
      in_flight_(prometheus::BuildGauge()
                     .Name("couponsyncd_calls_in_flight")
                     .Help("Calls to WeChat Pay whose end is awaited.")
                     .Register(registry)
                     .Add({})),
      rate_limited_(counters(registry, "couponsyncd_rate_limited_total",
                             "Replies that said too many requests (429); the pages are asked for again.")
                        .Add({})),
      signature_failures_(
          counters(registry, "couponsyncd_signature_failures_total",
                   "Replies that were not used because their signature does not prove them.")),
      rows_(
          counters(registry, "couponsyncd_rows_total", "Coupons by what committed pages did to their rows.")),
      pages_(counters(registry, "couponsyncd_pages_total", "Pages committed to the mirror.").Add({})),
      oddities_(
          counters(registry, "couponsyncd_oddities_total",
                   "Members, texts and entries of replies that were not as documented; the log names them.")
              .Add({})),
      listing_failures_(counters(registry, "couponsyncd_listing_failures_total",
                                 "Readings of a listing that failed, by failure.")),
      syncs_(counters(registry, "couponsyncd_syncs_total",
                      "Syncs that ended: complete, incomplete (listings failed) or interrupted.")),
      hinted_looks_(counters(registry, "couponsyncd_hinted_looks_total",
                             "Readings because of a hint, by which one since the hint it was and whether it "
                             "found a change.")),
      hint_delays_(prometheus::BuildHistogram()
                       .Name("couponsyncd_hint_delay_seconds")
                       .Help("From a hint to when a change it announced was in the mirror.")
                       .Register(registry)),
      changes_(counters(registry, "couponsyncd_changes_total",
                        "Coupons that readings found changed, by whether a hint had announced them.")) {
  begin_at_zero();
}

void MetricsEvents::begin_at_zero() {
  for (const Domain domain : kDomains) {
    duration(domain);
    calls_.Add(call_labels(domain, nullptr));
    for (const FailureKind kind : kinds_up_to(kLastOfACall)) {
      const Failure failure{kind};
      calls_.Add(call_labels(domain, &failure));
    }
  }
  for (const FailureKind kind : kinds_up_to(kLast))
    listing_failures_.Add({{"failure", lower_case_name(kind)}});
  for (const FailureKind kind : kSignatureFailures)
    signature_failures_.Add({{"kind", signature_label(kind)}});
  for (const char* effect : {"inserted", "updated", "unchanged", "missing", "returned"})
    rows_.Add({{"effect", effect}});
  for (const HintSource source : kHintSources) hint_delay(source);
  for (const int look : {1, 2, 3})
    for (const bool found : {false, true}) hinted_looks_.Add(look_labels(look, found));
  for (const bool hinted : {false, true}) changes_.Add(change_labels(hinted));
  for (const RunTrigger trigger : kTriggers)
    for (const char* result : {kComplete, kIncomplete, kInterrupted})
      syncs_.Add({{"trigger", std::string(name_of(trigger))}, {"result", result}});
}

prometheus::Histogram& MetricsEvents::duration(Domain domain) {
  return durations_.Add({{"domain", std::string(name_of(domain))}}, kDurations);
}

void MetricsEvents::count_sync(RunTrigger trigger, const char* result) {
  syncs_.Add({{"trigger", std::string(name_of(trigger))}, {"result", result}}).Increment();
}

void MetricsEvents::run_finished(RunTrigger trigger, const RunCounters& counters) {
  const bool complete = counters.listings_failed == 0;
  if (complete) last_complete_sync_ = to_unix_seconds(env_.wall_now());
  count_sync(trigger, complete ? kComplete : kIncomplete);
}

void MetricsEvents::run_interrupted(RunTrigger trigger, const RunCounters& /*counters*/) {
  count_sync(trigger, kInterrupted);
}

void MetricsEvents::page_committed(const ListingKey& /*key*/, std::int64_t /*page_index*/,
                                   const PageOutcome& outcome) {
  count_page(outcome);
}

void MetricsEvents::part_committed(const ListingKey& /*key*/, const PageOutcome& outcome) {
  count_page(outcome);
}

void MetricsEvents::count_page(const PageOutcome& outcome) {
  pages_.Increment();
  const auto add = [this](const char* effect, std::int64_t rows) {
    rows_.Add({{"effect", effect}}).Increment(static_cast<double>(rows));
  };
  add("inserted", outcome.inserted);
  add("updated", outcome.updated);
  add("unchanged", outcome.unchanged);
  add("missing", outcome.missing);
  add("returned", outcome.returned);
}

void MetricsEvents::listing_failed(const ListingKey& /*key*/, const Failure& why,
                                   std::chrono::seconds /*again_in*/) {
  listing_failures_.Add({{"failure", lower_case_name(why.kind)}}).Increment();
}

void MetricsEvents::oddities_found(const ListingKey& /*key*/, const std::vector<std::string>& oddities) {
  oddities_.Increment(static_cast<double>(oddities.size()));
}

prometheus::Histogram& MetricsEvents::hint_delay(HintSource source) {
  return hint_delays_.Add({{"source", source == HintSource::request ? "hint" : "notify"}}, kHintDelays);
}

void MetricsEvents::hint_followed(const HintedLook& look) {
  hinted_looks_.Add(look_labels(look.look, look.found)).Increment();
  if (look.found_first)
    hint_delay(look.source).Observe(std::chrono::duration<double>(look.since_hint).count());
}

void MetricsEvents::changes_found(std::int64_t changes, bool hinted) {
  changes_.Add(change_labels(hinted)).Increment(static_cast<double>(changes));
}

void MetricsEvents::call_started(Domain /*domain*/) { in_flight_.Increment(); }

void MetricsEvents::call_ended(Domain domain, const Failure* failure, std::chrono::nanoseconds took) {
  in_flight_.Decrement();
  duration(domain).Observe(std::chrono::duration<double>(took).count());
  calls_.Add(call_labels(domain, failure)).Increment();
  for (const FailureKind kind : kSignatureFailures)
    if (failure != nullptr && failure->kind == kind)
      signature_failures_.Add({{"kind", signature_label(kind)}}).Increment();
}

void MetricsEvents::call_cancelled(Domain /*domain*/) { in_flight_.Decrement(); }

void MetricsEvents::rate_limited(const ListingKey& /*key*/, Domain /*domain*/, const Failure& /*reply*/) {
  rate_limited_.Increment();
}

}  // namespace couponsync::daemon
