#pragma once

#include "database_progress.h"
#include "http/hint_door.h"
#include "http/http_server.h"
#include "http/metrics.h"
#include "http/status_reader.h"
#include "readiness.h"

#include <functional>
#include <optional>

namespace couponsync::daemon {

/// What the service is doing, as far as it is not told by events; asked on the io thread.
struct ServiceNow {
  double requests_per_second = 0;
  bool primary_avoided = false;
  bool backup_avoided = false;  ///< never where there is none
  WriterProgress writer;
  std::optional<Failure> checkpoint_failure;  ///< why the mirror's log cannot be moved into its file
  std::chrono::seconds database_stuck_for{0};
  bool watchlist_adopted = false;
};

/// What is served: /metrics, /healthz, /readyz and /status, and the doors /hint and /notify. On the io
/// thread; what it is given by reference outlives it.
class ServicePages {
 public:
  struct Deps {
    Metrics& metrics;
    const Readiness& readiness;
    StatusReader& listings;    ///< without coupons: cheap enough for each scrape
    StatusReader& everything;  ///< for /status
    HintDoor& hints;
    std::function<ServiceNow()> now;
  };

  explicit ServicePages(Deps deps) : deps_(std::move(deps)) {}

  Task<WebPage> page(WebRequest request);

 private:
  Task<WebPage> metrics();
  Task<WebPage> status();
  WebPage health() const;
  WebPage readiness() const;

  Deps deps_;
};

}  // namespace couponsync::daemon
