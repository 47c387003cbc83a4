#pragma once

#include "net/domain_selector.h"
#include "net/rate_controller.h"
#include "sim/api.h"
#include "sim/schedule.h"
#include "store/writer.h"
#include "support/fake_env.h"
#include "sync/scheduler.h"

#include <exception>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>

namespace couponsync::sim {

/// Puts a new mirror there, as the process would make it: a copy of one, since making them takes most of a
/// short simulation's time. To be asked for before any fault.
void provide_new_mirror(const std::filesystem::path& mirror);

/// One life of the process over the mirror: what the daemon puts together, without the daemon.
class Life {
 public:
  struct Deps {
    test::FakeEnv& env;
    Api& api;
    Events& events;
    bool has_backup;
  };
  /// Throws MirrorError.
  Life(Deps deps, const std::filesystem::path& mirror, const Settings& settings);
  Life(const Life&) = delete;
  Life& operator=(const Life&) = delete;

  void reload(const Settings& settings);
  void sync_all() { scheduler_.sync_all(); }
  /// As a SIGTERM does.
  void stop();
  bool has_ended() const { return ended_; }
  /// Why it ended by itself, or was thrown out of its coroutines; nothing where it was stopped.
  std::optional<Failure> end() const { return end_; }
  std::optional<std::string> thrown() const { return thrown_; }

  Writer& writer() { return writer_; }
  const Scheduler& scheduler() const { return scheduler_; }
  const std::filesystem::path& mirror() const { return mirror_; }

 private:
  Plan plan_for(const Settings& settings);
  static RateOptions rate_of(const Settings& settings) {
    return {settings.max_requests_per_second, 20, 1.0, {}};
  }
  void note_end(const std::exception_ptr& thrown, const Failure& why);

  Deps deps_;
  std::filesystem::path mirror_;
  std::shared_ptr<Transport> transport_;
  std::shared_ptr<DomainSelector> domains_;
  RateController rate_;
  SendingPause pause_;
  Writer writer_;
  Scheduler scheduler_;
  boost::asio::cancellation_signal cancel_;
  bool ended_ = false;
  std::optional<Failure> end_;
  std::optional<std::string> thrown_;
};

}  // namespace couponsync::sim
