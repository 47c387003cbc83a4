#pragma once

#include "configuration/configuration.h"
#include "http/http_server.h"
#include "http/metrics.h"
#include "http/service_pages.h"
#include "http/status_reader.h"
#include "readiness.h"

#include <boost/asio/any_io_executor.hpp>

#include <functional>
#include <memory>

namespace couponsync::daemon {

/// All that is measured of the service and, where `http.listen` says so, served. It measures from the start,
/// served or not, for a reload may open it. On the io thread.
class Monitoring {
 public:
  /// `env` and what `now` uses outlive this; `now` is not called before something is served.
  /// `out_of_descriptors`: see HttpServerOptions.
  Monitoring(const boost::asio::any_io_executor& executor, Env& env, const Configuration& configuration,
             std::function<ServiceNow()> now, std::function<void()> out_of_descriptors);

  Events& metrics() { return metrics_.events(); }
  Readiness& readiness() { return readiness_; }

  /// What listens at the configured address, to be given to `serve`; null if there is none. Throws
  /// ConfigurationError.
  std::unique_ptr<HttpServer> listen(const Configuration::Http& http);
  /// In place of what was served before.
  void serve(std::unique_ptr<HttpServer> server) { server_ = std::move(server); }
  /// Judges staleness by this configuration from now on.
  void judge_by(const Configuration& configuration);

 private:
  boost::asio::any_io_executor executor_;
  const Env& env_;
  Metrics metrics_;
  Readiness readiness_;
  StatusReader listings_;
  StatusReader everything_;
  ServicePages pages_;
  std::function<void()> out_of_descriptors_;
  std::unique_ptr<HttpServer> server_;
};

}  // namespace couponsync::daemon
