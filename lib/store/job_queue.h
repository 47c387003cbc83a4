#pragma once

#include "base/failure.h"
#include "store/mirror.h"
#include "store/writer_progress.h"

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <vector>

namespace couponsync {

/// One job of the Writer: what to do to the mirror, and whom to tell.
class Job {
 public:
  virtual ~Job() = default;
  /// On the database thread, inside a transaction. Keeps what comes of it, or why it failed.
  virtual void run(Mirror& mirror) noexcept = 0;
  /// Its transaction did not commit, so whatever came of it is void.
  virtual void fail(std::exception_ptr why) noexcept = 0;
  /// Tells the one who waits, on that one's executor.
  virtual void complete() = 0;
};

using Jobs = std::vector<std::unique_ptr<Job>>;

/// The jobs on their way from the io thread to the database thread, in order. Thread-safe.
class JobQueue {
 public:
  void push(std::unique_ptr<Job> job);
  /// No more jobs come: `take` gives what is there, then nothing.
  void close();

  /// Waits for jobs and takes up to `most` of them; none if it waited for `patience` in vain or the queue is
  /// closed and empty.
  Jobs take(std::size_t most, std::chrono::milliseconds patience);
  /// Closed and empty: no job will ever come.
  bool is_finished() const;

  /// Of the jobs taken, so many are complete.
  void completed(std::size_t jobs);
  /// Queued, or taken and not complete.
  std::size_t pending() const;
  WriterProgress progress() const;

 private:
  Jobs take_locked(std::size_t most);

  mutable std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<std::unique_ptr<Job>> jobs_;
  std::size_t pending_ = 0;
  std::uint64_t completed_ = 0;
  bool closed_ = false;
};

}  // namespace couponsync
