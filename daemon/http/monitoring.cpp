#include "http/monitoring.h"

#include <stdexcept>
#include <string>
#include <utility>

namespace couponsync::daemon {
namespace {

constexpr StatusReader::Options kForScrapes{.good_for = std::chrono::seconds(2),
                                            .patience = std::chrono::seconds(2)};
constexpr StatusReader::Options kForPeople{.good_for = std::chrono::seconds(5),
                                           .patience = std::chrono::seconds(3)};

StatusReader::Read listings_of(const Env& env, const Configuration& configuration) {
  MirrorStatusOptions options;
  options.failing = 0;
  options.coupons = false;
  return mirror_reading(env, configuration.mirror.path, options, stale_after(configuration.sync.interval));
}

StatusReader::Read everything_of(const Env& env, const Configuration& configuration) {
  return mirror_reading(env, configuration.mirror.path, {}, stale_after(configuration.sync.interval));
}

}  // namespace

Monitoring::Monitoring(const boost::asio::any_io_executor& executor, Env& env,
                       const Configuration& configuration, std::function<ServiceNow()> now,
                       std::function<void()> out_of_descriptors)
    : executor_(executor),
      env_(env),
      metrics_(env),
      listings_(executor, env, listings_of(env, configuration), kForScrapes),
      everything_(executor, env, everything_of(env, configuration), kForPeople),
      pages_({metrics_, readiness_, listings_, everything_, std::move(now)}),
      out_of_descriptors_(std::move(out_of_descriptors)) {}

std::unique_ptr<HttpServer> Monitoring::listen(const Configuration::Http& http) {
  if (!http.listen) return nullptr;
  HttpServerOptions options;
  options.out_of_descriptors = out_of_descriptors_;
  try {
    return std::make_unique<HttpServer>(
        executor_, *http.listen, [this](std::string path) { return pages_.page(std::move(path)); },
        std::move(options));
  } catch (const std::runtime_error& error) {
    throw ConfigurationError("/http/listen", error.what());
  }
}

void Monitoring::judge_by(const Configuration& configuration) {
  listings_.read_with(listings_of(env_, configuration));
  everything_.read_with(everything_of(env_, configuration));
}

}  // namespace couponsync::daemon
