#include "status_report.h"

#include "spoken_duration.h"
#include "summary.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace couponsync::daemon {
namespace {

using std::chrono::seconds;

std::string mebibytes(std::uintmax_t bytes) {
  return fmt::format("{:.1f} MiB", static_cast<double>(bytes) / (1U << 20U));
}

template <class T>
boost::json::value or_null(const std::optional<T>& value) {
  if (!value) return nullptr;
  return boost::json::value(*value);
}

boost::json::array failing_json(const MirrorStatus& status) {
  boost::json::array list;
  for (const FailingListing& listing : status.failing)
    list.push_back(boost::json::object{{"listing_id", listing.id},
                                       {"log_name", listing.log_name},
                                       {"failures", listing.failures},
                                       {"last_completed_at", or_null(listing.last_completed_at)},
                                       {"next_due_at", or_null(listing.next_due_at)},
                                       {"last_error_code", or_null(listing.last_error_code)},
                                       {"last_error", or_null(listing.last_error)},
                                       {"last_request_id", or_null(listing.last_request_id)}});
  return list;
}

boost::json::array states_json(const MirrorStatus& status) {
  boost::json::array list;
  for (const StateCount& state : status.states)
    list.push_back(boost::json::object{
        {"coupon_state", or_null(state.coupon_state)}, {"listed", state.listed}, {"missing", state.missing}});
  return list;
}

boost::json::array runs_json(const MirrorStatus& status) {
  boost::json::array list;
  for (const RunSummary& run : status.last_runs) {
    boost::json::object object{{"id", run.id},
                               {"trigger", run.trigger},
                               {"started_at", run.started_at},
                               {"finished_at", or_null(run.finished_at)}};
    for (const auto& counter : to_json(run.counters)) object.insert(counter);
    list.push_back(std::move(object));
  }
  return list;
}

boost::json::value quota_json(const MirrorStatus& status) {
  if (!status.learned) return nullptr;
  return boost::json::object{{"requests_per_second", status.learned->requests_per_second},
                             {"observed_at", status.learned->observed_at},
                             {"listing_pages", status.listings.pages}};
}

/// Those that were complete at a time for which `is_meant` says so.
template <class F>
CompletedCount sum_of(const std::vector<CompletedCount>& completed, const F& is_meant) {
  CompletedCount sum;
  for (const CompletedCount& count : completed) {
    if (!is_meant(count.at)) continue;
    sum.all += count.all;
    sum.failing += count.failing;
  }
  return sum;
}

void append_coupons(const MirrorStatus& status, std::string& text) {
  std::int64_t listed = 0;
  std::int64_t missing = 0;
  std::string by_state;
  for (const StateCount& state : status.states) {
    listed += state.listed;
    missing += state.missing;
    if (state.listed > 0)
      by_state += fmt::format("{}{} {}", by_state.empty() ? "" : ", ", state.listed,
                              state.coupon_state.value_or("without a state"));
  }
  text += fmt::format("coupons   {} listed{}{}; {} missing; change feed at seq {}\n", listed,
                      by_state.empty() ? "" : ": ", by_state, missing, status.changes);
}

void append_runs(const StatusReport& report, std::string& text) {
  for (const RunSummary& run : report.status.last_runs) {
    const std::string when = spoken(seconds(report.now - run.started_at));
    const bool over = run.finished_at.has_value();
    text += fmt::format("sync {:<4} {}, begun {} ago{}: {}\n", run.id, run.trigger, when,
                        over ? "" : ", under way or interrupted", summary_line(run.counters));
  }
}

void append_failing(const StatusReport& report, std::string& text) {
  for (const FailingListing& listing : report.status.failing) {
    const std::string complete = listing.last_completed_at
                                     ? spoken(seconds(report.now - *listing.last_completed_at)) + " ago"
                                     : "never";
    // A due time that no interval explains is not believed by the service either.
    std::int64_t wait = listing.next_due_at.value_or(report.now) - report.now;
    if (wait > report.max_age.count()) wait = 0;
    text +=
        fmt::format("failing   {} (listing {}): {} times, complete {}, again {}: {}\n", listing.log_name,
                    listing.id, listing.failures, complete, wait > 0 ? "in " + spoken(seconds(wait)) : "now",
                    listing.last_error.value_or(listing.last_error_code.value_or("")));
  }
  const auto more = report.status.listings.failing - static_cast<std::int64_t>(report.status.failing.size());
  if (more > 0) text += fmt::format("failing   and {} more, see v_listing_health\n", more);
}

}  // namespace

seconds StatusReport::age_at(double share) const {
  const std::vector<CompletedCount>& completed = status.listings.completed;
  const CompletedCount all = sum_of(completed, [](UnixSeconds) { return true; });
  const auto rank = static_cast<std::int64_t>(std::max(1.0, std::ceil(share * static_cast<double>(all.all))));
  // The times are in order, so the ages are in the opposite one.
  std::int64_t younger = 0;
  for (auto count = completed.rbegin(); count != completed.rend(); ++count) {
    younger += count->all;
    if (younger >= rank) return seconds(std::max<std::int64_t>(now - count->at, 0));
  }
  return seconds(0);
}

ListingHealth StatusReport::health() const {
  const std::vector<CompletedCount>& completed = status.listings.completed;
  const CompletedCount complete = sum_of(completed, [](UnixSeconds) { return true; });
  const CompletedCount older =
      sum_of(completed, [this](UnixSeconds at) { return is_old(at) || is_ahead(at); });
  ListingHealth health;
  health.failing = status.listings.failing;
  health.never_complete = status.listings.never_completed - (status.listings.failing - complete.failing);
  health.stale = older.all - older.failing;
  health.fresh = complete.all - complete.failing - health.stale;
  return health;
}

std::vector<std::string> StatusReport::problems() const {
  std::vector<std::string> found;
  if (status.listings.watched == 0) found.emplace_back("nothing is watched yet");
  if (status.listings.failing > 0)
    found.push_back(fmt::format("{} listings are failing", status.listings.failing));
  if (status.listings.never_completed > 0)
    found.push_back(fmt::format("{} listings were never complete", status.listings.never_completed));
  const std::vector<CompletedCount>& completed = status.listings.completed;
  if (const auto stale = sum_of(completed, [this](UnixSeconds at) { return is_old(at); }).all; stale > 0)
    found.push_back(fmt::format("{} listings were last complete more than {} ago, the oldest {} ago", stale,
                                spoken(max_age), spoken(age_at(1.0))));
  if (const auto ahead = sum_of(completed, [this](UnixSeconds at) { return is_ahead(at); }).all; ahead > 0)
    found.push_back(fmt::format(
        "{} listings were last complete at a time that lies ahead: this machine's clock is or was wrong",
        ahead));
  return found;
}

std::string StatusReport::text() const {
  const std::vector<std::string> wrong = problems();
  std::string text;
  if (wrong.empty()) text = fmt::format("healthy   every listing was complete within {}\n", spoken(max_age));
  for (const std::string& problem : wrong) text += "unhealthy " + problem + "\n";
  text += fmt::format("listings  {} watched, {} failing, {} never complete, {} no longer watched\n",
                      status.listings.watched, status.listings.failing, status.listings.never_completed,
                      status.listings_unwatched);
  if (!status.listings.completed.empty())
    text += fmt::format("complete  half within {}, 95 % within {}, the oldest {} ago\n", spoken(age_at(0.5)),
                        spoken(age_at(0.95)), spoken(age_at(1.0)));
  append_coupons(status, text);
  text += fmt::format("file      {}, write-ahead log {}, schema version {}\n", mebibytes(status.file_bytes),
                      mebibytes(status.log_bytes), status.schema_version);
  if (status.brand_id) text += fmt::format("brand     {}\n", *status.brand_id);
  if (status.learned)
    text += fmt::format(
        "quota     {:.1f} requests/s learned, noted {} ago; reading every listing takes {} pages\n",
        status.learned->requests_per_second, spoken(seconds(now - status.learned->observed_at)),
        status.listings.pages);
  append_runs(*this, text);
  append_failing(*this, text);
  return text;
}

std::string StatusReport::json() const {
  const std::vector<std::string> wrong = problems();
  boost::json::object staleness{{"p50", nullptr}, {"p95", nullptr}, {"oldest", nullptr}};
  if (!status.listings.completed.empty())
    staleness = {
        {"p50", age_at(0.5).count()}, {"p95", age_at(0.95).count()}, {"oldest", age_at(1.0).count()}};
  return boost::json::serialize(
      boost::json::object{{"healthy", wrong.empty()},
                          {"problems", boost::json::array(wrong.begin(), wrong.end())},
                          {"now", now},
                          {"max_age_seconds", max_age.count()},
                          {"quota", quota_json(status)},
                          {"schema_version", status.schema_version},
                          {"brand_id", or_null(status.brand_id)},
                          {"mirror_id", or_null(status.mirror_id)},
                          {"listings",
                           {{"watched", status.listings.watched},
                            {"failing", status.listings.failing},
                            {"never_completed", status.listings.never_completed},
                            {"unwatched", status.listings_unwatched}}},
                          {"staleness_seconds", std::move(staleness)},
                          {"failing", failing_json(status)},
                          {"coupons", states_json(status)},
                          {"change_seq", status.changes},
                          {"runs", runs_json(status)},
                          {"file_bytes", status.file_bytes},
                          {"wal_bytes", status.log_bytes}});
}

}  // namespace couponsync::daemon
