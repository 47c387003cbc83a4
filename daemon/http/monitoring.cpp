#include "http/monitoring.h"

#include <utility>

namespace couponsync::daemon {
namespace {

constexpr StatusReader::Options kForScrapes{.good_for = std::chrono::seconds(2),
                                            .patience = std::chrono::seconds(2)};
constexpr StatusReader::Options kForPeople{.good_for = std::chrono::seconds(5),
                                           .patience = std::chrono::seconds(3)};

StatusReader::Prepare listings_of(const Env& env, std::shared_ptr<MirrorReader> mirror,
                                  const Configuration& configuration,
                                  std::function<ListingCounts()> listings) {
  MirrorStatusOptions options;
  options.failing = 0;
  options.coupons = false;
  return mirror_reading(env, std::move(mirror), options, stale_after(configuration.sync.interval),
                        std::move(listings));
}

StatusReader::Prepare everything_of(const Env& env, std::shared_ptr<MirrorReader> mirror,
                                    const Configuration& configuration,
                                    std::function<ListingCounts()> listings) {
  return mirror_reading(env, std::move(mirror), {}, stale_after(configuration.sync.interval),
                        std::move(listings));
}

HttpServerOptions options_with(std::function<void()> out_of_descriptors) {
  HttpServerOptions options;
  options.out_of_descriptors = std::move(out_of_descriptors);
  return options;
}

}  // namespace

Monitoring::Monitoring(const boost::asio::any_io_executor& executor, Env& env,
                       const Configuration& configuration, Service service,
                       std::shared_ptr<spdlog::logger> log)
    : env_(env),
      counts_(std::move(service.counts)),
      mirror_for_scrapes_(std::make_shared<MirrorReader>(configuration.mirror.path)),
      mirror_for_people_(std::make_shared<MirrorReader>(configuration.mirror.path)),
      metrics_(env),
      listings_(executor, env, listings_of(env, mirror_for_scrapes_, configuration, counts_), kForScrapes),
      everything_(executor, env, everything_of(env, mirror_for_people_, configuration, counts_), kForPeople),
      hints_({env, metrics_.registry(), log, std::move(service.hint)}),
      pages_({metrics_, readiness_, listings_, everything_, hints_, std::move(service.now)}),
      entrance_(
          executor, env, [this](WebRequest request) { return pages_.page(std::move(request)); },
          std::move(log), options_with(std::move(service.out_of_descriptors))) {}

void Monitoring::serve_at(const Configuration::Http& http) {
  hints_.serve_at(http.listen);
  entrance_.serve_at(http.listen);
}

void Monitoring::judge_by(const Configuration& configuration) {
  listings_.read_with(listings_of(env_, mirror_for_scrapes_, configuration, counts_));
  everything_.read_with(everything_of(env_, mirror_for_people_, configuration, counts_));
}

void Monitoring::end() {
  entrance_.serve_at(std::nullopt);
  listings_.end();
  everything_.end();
  mirror_for_scrapes_.reset();
  mirror_for_people_.reset();
}

}  // namespace couponsync::daemon
