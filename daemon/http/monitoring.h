#pragma once

#include "configuration/configuration.h"
#include "http/entrance.h"
#include "http/hint_door.h"
#include "http/metrics.h"
#include "http/service_pages.h"
#include "http/status_reader.h"
#include "readiness.h"

#include <boost/asio/any_io_executor.hpp>
#include <spdlog/logger.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace couponsync::daemon {

/// All that is measured of the service and, where `http.listen` says so, served. It measures from the start,
/// served or not, for a reload may open it. On the io thread.
class Monitoring {
 public:
  /// What the service is asked; what they use outlives this, and none is called before something is served.
  struct Service {
    std::function<ServiceNow()> now;
    std::function<ListingCounts()> counts;
    std::function<bool(std::string_view appid, const Openid& openid, HintSource source)> hint;
    std::function<void()> out_of_descriptors;  ///< see HttpServerOptions
  };

  /// Opens the mirror that the service has opened, to read its status; throws MirrorError. `env` outlives
  /// this.
  Monitoring(const boost::asio::any_io_executor& executor, Env& env, const Configuration& configuration,
             Service service, std::shared_ptr<spdlog::logger> log);

  Events& metrics() { return metrics_.events(); }
  Readiness& readiness() { return readiness_; }

  /// Serves at the configured address, as soon as that can be had, in place of where it did before.
  void serve_at(const Configuration::Http& http);
  /// Notifications are read by this from now on; null: none is.
  void read_notifications_with(std::shared_ptr<NotificationReader> notifications) {
    hints_.read_with(std::move(notifications));
  }
  /// Why it is not served there, one line; empty: it is.
  std::string unserved() const { return entrance_.obstacle(); }
  /// Judges staleness by this configuration from now on.
  void judge_by(const Configuration& configuration);
  /// Serves and reads no more: to be called before the mirror is closed.
  void end();

 private:
  const Env& env_;
  std::function<ListingCounts()> counts_;
  std::shared_ptr<MirrorReader> mirror_for_scrapes_;
  std::shared_ptr<MirrorReader> mirror_for_people_;
  Metrics metrics_;
  Readiness readiness_;
  StatusReader listings_;
  StatusReader everything_;
  HintDoor hints_;
  ServicePages pages_;
  HttpEntrance entrance_;
};

}  // namespace couponsync::daemon
