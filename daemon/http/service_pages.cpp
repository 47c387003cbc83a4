#include "http/service_pages.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <string>
#include <string_view>
#include <utility>

namespace couponsync::daemon {
namespace {

constexpr int kOk = 200;
constexpr int kNotFound = 404;
constexpr int kMethodNotAllowed = 405;
constexpr int kUnavailable = 503;
/// A page's commit may wait for so long without anybody's being told.
constexpr std::chrono::seconds kLongLock{5};
constexpr const char* kText = "text/plain; charset=utf-8";
/// Prometheus's text format.
constexpr const char* kMetricsText = "text/plain; version=0.0.4; charset=utf-8";
constexpr const char* kJson = "application/json";
constexpr std::array<std::string_view, 4> kPages{"/metrics", "/healthz", "/readyz", "/status"};

bool is_page(std::string_view path) { return std::ranges::find(kPages, path) != kPages.end(); }

WebPage not_allowed(std::string methods) {
  WebPage page = plain_page(kMethodNotAllowed, methods + " only");
  page.allow = std::move(methods);
  return page;
}

}  // namespace

Task<WebPage> ServicePages::page(WebRequest request) {
  const std::string& path = request.path;
  const bool is_door = HintDoor::is_at(path);
  if (!is_door && !is_page(path))
    co_return plain_page(
        kNotFound, "there are /metrics, /healthz, /readyz and /status, and to post to /hint and /notify");
  if (request.method != (is_door ? WebRequest::Method::post : WebRequest::Method::get))
    co_return not_allowed(is_door ? "POST" : "GET, HEAD");
  if (is_door) co_return deps_.hints.post(std::move(request));
  if (path == "/healthz") co_return health();
  if (path == "/readyz") co_return readiness();
  WebPage page;
  if (path == "/metrics")
    page = co_await metrics();
  else
    page = co_await status();
  co_return page;
}

WebPage ServicePages::health() const {
  const std::chrono::seconds stuck = deps_.now().database_stuck_for;
  if (stuck < DatabaseProgress::kHangs) return {kOk, kText, "healthy\n"};
  return {kUnavailable, kText,
          "the database thread has completed nothing for " + std::to_string(stuck.count()) +
              " s though pages wait for it: look at the disk the mirror is on\n"};
}

WebPage ServicePages::readiness() const {
  const ServiceNow now = deps_.now();
  std::string text;
  if (!now.watchlist_adopted) text = "the watchlist is not in the mirror yet\n";
  if (now.checkpoint_failure)
    text += "the mirror's write-ahead log cannot be moved into its file and grows: " +
            describe(*now.checkpoint_failure) + "\n";
  if (now.writer.lock_wait >= kLongLock)
    text += fmt::format(
        "another program has locked the mirror for {} s, and nothing can be written: it goes on "
        "when that lets go\n",
        std::chrono::floor<std::chrono::seconds>(now.writer.lock_wait).count());
  for (const std::string& obstacle : deps_.readiness.obstacles()) text += obstacle + "\n";
  if (text.empty()) return {kOk, kText, "ready\n"};
  return {kUnavailable, kText, std::move(text)};
}

Task<WebPage> ServicePages::metrics() {
  const std::shared_ptr<const StatusSnapshot> reading = co_await deps_.listings.latest();
  const ServiceNow now = deps_.now();
  Observation observation;
  observation.requests_per_second = now.requests_per_second;
  observation.primary_avoided = now.primary_avoided;
  observation.backup_avoided = now.backup_avoided;
  observation.sending_stopped = deps_.readiness.sending_is_stopped();
  observation.no_domain_works = deps_.readiness.pause(PauseCause::no_domain_works);
  observation.too_fast = deps_.readiness.pause(PauseCause::too_fast);
  observation.writing_stopped = deps_.readiness.writing_is_stopped();
  observation.checkpoint_failing = now.checkpoint_failure.has_value();
  observation.write_queue_jobs = now.writer.pending;
  if (reading && reading->report) observation.report = &*reading->report;
  co_return WebPage{kOk, kMetricsText, deps_.metrics.text(observation)};
}

Task<WebPage> ServicePages::status() {
  const std::shared_ptr<const StatusSnapshot> reading = co_await deps_.everything.latest();
  if (!reading)
    co_return WebPage{kUnavailable, kText, "the coupons are still being counted: ask again in a while\n"};
  if (!reading->report) co_return WebPage{kUnavailable, kText, reading->problem + "\n"};
  co_return WebPage{kOk, kJson, reading->json + "\n"};
}

}  // namespace couponsync::daemon
