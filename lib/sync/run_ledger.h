#pragma once

#include "base/task.h"
#include "base/time.h"
#include "store/writer.h"

#include <chrono>
#include <optional>

namespace couponsync {

/// What two runs did together.
RunCounters sum_of(const RunCounters& a, const RunCounters& b);

/// Writes `sync_run` rows. Runs for an interval that begin within an interval, and a minute at least, of the
/// first of them share its row, so that there are few rows however often something is due. On the io thread;
/// the writer outlives it.
class RunLedger {
 public:
  RunLedger(Writer& writer, std::chrono::seconds interval);

  Task<Result<>> open(RunTrigger trigger, UnixSeconds started_at, SteadyTime now);
  /// What the run did; `finished_at` is absent if it was interrupted.
  Task<Result<>> close(RunCounters counters, Instant finished_at);
  /// The last `open` went well.
  bool is_open() const { return is_open_; }

 private:
  struct Row {
    RunId id = 0;
    RunTrigger trigger = RunTrigger::once;
    SteadyTime began;
    RunCounters counters;  ///< of the runs that are over
  };

  Writer& writer_;
  std::chrono::seconds span_;
  std::optional<Row> row_;
  bool is_open_ = false;
};

}  // namespace couponsync
