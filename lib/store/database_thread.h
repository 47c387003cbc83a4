#pragma once

#include "store/job_queue.h"
#include "store/lock_patience.h"
#include "store/mirror.h"
#include "store/writer_options.h"
#include "store/writer_progress.h"

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

namespace couponsync {

/// The thread that owns the mirror: takes jobs, commits several at once, tells who waits, checkpoints when a
/// burst is over, and sees now and then that the mirror's files are still there.
class DatabaseThread {
 public:
  DatabaseThread(Mirror mirror, WriterOptions options);
  /// Closes.
  ~DatabaseThread();
  DatabaseThread(const DatabaseThread&) = delete;
  DatabaseThread& operator=(const DatabaseThread&) = delete;

  JobQueue& queue() { return queue_; }
  const JobQueue& queue() const { return queue_; }
  /// As Writer's.
  bool work_once(std::size_t most_jobs);
  /// Runs what is queued, ends the thread, closes the mirror. What is left in its log, in bytes.
  std::uintmax_t close();

  /// No lock of another program is waited for any more. Thread-safe.
  void hurry() { patience_->hurry(); }
  /// Thread-safe.
  WriterProgress progress() const;
  /// Thread-safe.
  std::optional<Failure> checkpoint_failure() const;
  /// Why the mirror can never take rows again. Thread-safe.
  std::optional<Failure> lost() const;

 private:
  void work();
  Jobs next_jobs();
  void work_on(Jobs jobs);
  void rest();
  void run(Jobs& jobs);
  void checkpoint();
  void look_after_files();
  void note(const MirrorError& error);

  Mirror mirror_;
  WriterOptions options_;
  std::shared_ptr<LockPatience> patience_;  ///< the mirror's
  JobQueue queue_;
  bool checkpointed_ = true;  ///< on the thread
  std::chrono::steady_clock::time_point checkpoint_tried_at_;
  mutable std::mutex mutex_;
  std::optional<Failure> checkpoint_failure_;  ///< guarded by mutex_
  std::optional<Failure> lost_;                ///< guarded by mutex_
  bool is_closed_ = false;                     ///< on the caller's thread
  std::thread thread_;
};

}  // namespace couponsync
