#pragma once

#include "store/records.h"
#include "store/sql.h"

#include <optional>

namespace couponsync {

/// `sync_run`. Throws SQLite::Exception, and std::logic_error for a run that is not there.
class RunTable {
 public:
  explicit RunTable(SQLite::Database& database);

  /// Deletes the oldest rows where there are more than 10,000.
  RunId start(RunTrigger trigger, UnixSeconds now);
  void finish(RunId run, const RunCounters& counters, Instant finished_at);
  std::optional<InterruptedRun> interrupted_once();

 private:
  SQLite::Database& database_;
  Statement start_;
  Statement thin_;
  Statement finish_;
  Statement interrupted_once_;
};

}  // namespace couponsync
