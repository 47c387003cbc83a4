#pragma once

#include "store/job_queue.h"
#include "store/mirror.h"
#include "store/writer.h"

#include <memory>
#include <mutex>
#include <optional>
#include <thread>

namespace couponsync {

/// The thread that owns the mirror: takes jobs, commits several at once, tells who waits, and checkpoints
/// when a burst is over.
class DatabaseThread {
 public:
  DatabaseThread(Mirror mirror, WriterOptions options);
  /// Runs what is queued, checkpoints, closes the mirror.
  ~DatabaseThread();
  DatabaseThread(const DatabaseThread&) = delete;
  DatabaseThread& operator=(const DatabaseThread&) = delete;

  JobQueue& queue() { return queue_; }
  const JobQueue& queue() const { return queue_; }
  /// Thread-safe.
  std::optional<Failure> checkpoint_failure() const;

 private:
  void work();
  Jobs next_jobs(bool& checkpointed);
  void run(Jobs& jobs);
  void checkpoint();

  Mirror mirror_;
  WriterOptions options_;
  JobQueue queue_;
  mutable std::mutex mutex_;
  std::optional<Failure> checkpoint_failure_;  ///< guarded by mutex_
  std::thread thread_;
};

}  // namespace couponsync
