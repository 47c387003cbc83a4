#pragma once

#include "base/env.h"
#include "base/task.h"
#include "status_report.h"
#include "store/mirror_reader.h"
#include "sync/condition.h"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>

namespace couponsync::daemon {

/// The mirror's status as it was read at some moment.
struct StatusSnapshot {
  std::optional<StatusReport> report;  ///< none: see `problem`
  std::string json;                    ///< the report's
  std::string problem;                 ///< why there is no report
};

/// Reads the mirror's status on a thread of its own, for whoever asks on the io thread; many who ask at once
/// share one reading, and it is good for a while. However large the mirror is, readings take no more than a
/// tenth of the time. On the io thread.
class StatusReader {
 public:
  /// Called on the other thread; gives up soon when asked to stop.
  using Read = std::function<StatusSnapshot(const std::stop_token&)>;
  /// Called on the io thread at the beginning of each, for what only that knows.
  using Prepare = std::function<Read()>;
  struct Options {
    std::chrono::milliseconds good_for{2'000};
    std::chrono::milliseconds patience{2'000};  ///< a reading is waited for so long at most
  };

  /// `env` outlives it.
  StatusReader(const boost::asio::any_io_executor& executor, Env& env, Prepare prepare, Options options);
  /// Ends the reading under way.
  ~StatusReader();
  StatusReader(const StatusReader&) = delete;
  StatusReader& operator=(const StatusReader&) = delete;

  /// Reads in another way from now on, as after a reload.
  void read_with(Prepare prepare);
  /// Ends the reading under way, and reads no more: what it read by is closed.
  void end();
  /// A recent reading; an older one, or none at all, if the one under way takes too long. Cancellable.
  Task<std::shared_ptr<const StatusSnapshot>> latest();

 private:
  bool is_due() const;
  void begin();
  void finish(std::shared_ptr<const StatusSnapshot> snapshot);

  boost::asio::any_io_executor executor_;
  Env& env_;
  Prepare prepare_;
  Options options_;
  std::shared_ptr<const StatusSnapshot> latest_;
  SteadyTime good_until_{};
  SteadyTime began_{};
  bool under_way_ = false;
  bool slow_ = false;
  Condition changed_;
  boost::asio::steady_timer patience_;
  std::shared_ptr<StatusReader*> self_;  ///< what is still on its way finds this by it, or finds it gone
  std::jthread thread_;
};

/// Reads by this connection, which nobody else may use. `listings` counts the watched ones, on the io thread;
/// empty: the mirror is asked. `max_age` as in StatusReport; `env` outlives what is returned.
StatusReader::Prepare mirror_reading(const Env& env, std::shared_ptr<MirrorReader> mirror,
                                     MirrorStatusOptions options, std::chrono::seconds max_age,
                                     std::function<ListingCounts()> listings = {});

}  // namespace couponsync::daemon
