#pragma once

#include "base/failure.h"
#include "base/task.h"
#include "store/mirror.h"
#include "store/request_orders.h"
#include "store/writer_options.h"
#include "store/writer_progress.h"

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace couponsync {

/// The database thread: a queue of jobs in order, several of them committed at once.
///
/// Each function queues one job and resumes on the caller's executor once the job's transaction is committed,
/// so that who awaits it before going on holds the queue bounded: at most one job a listing being read. A job
/// that fails is rolled back alone; a commit that fails fails all its jobs (mirror_unwritable,
/// mirror_damaged, mirror_gone) and leaves the mirror as it was. Waiting for a commit cannot be cancelled:
/// what was received is kept, and the coroutine gets its outcome before it learns that it was cancelled. (One
/// that was cancelled before it awaits a function does not begin it, as with any awaitable.) What is neither
/// of the two failures is thrown: std::logic_error for a wrong call. The thread checkpoints when jobs stay
/// away, and in between when the WAL grew much. Created, used and destroyed on the io thread.
class Writer {
 public:
  Writer(Mirror mirror, WriterOptions options = {});
  /// Closes.
  ~Writer();
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  Task<Result<std::vector<Listing>>> watch(std::vector<ListingKey> keys);
  Task<Result<>> unwatch(std::vector<ListingId> listings);
  Task<Result<std::vector<ListingId>>> watched_after(ListingId after, std::size_t most);
  Task<Result<std::vector<std::vector<Listing>>>> load(std::vector<ListingId> listings);
  Task<Result<PageOutcome>> apply_page(PageCommit commit);
  Task<Result<PageOutcome>> apply_probe(ProbeCommit commit);
  Task<Result<Listing>> record_failure(ListingFailure failure);
  Task<Result<Listing>> drop_bookmark(ListingId listing);
  Task<Result<RunId>> start_run(RunTrigger trigger, UnixSeconds now);
  Task<Result<>> finish_run(RunId run, RunCounters counters, Instant finished_at);
  Task<Result<std::optional<InterruptedRun>>> interrupted_once();
  Task<Result<>> keep_quota(LearnedQuota quota);

  /// The numbers of the requests whose replies come to this mirror.
  RequestOrders& request_orders();

  /// Jobs queued or running: completions still to be posted. For tests in virtual time. Thread-safe.
  std::size_t pending() const;
  /// Without a thread: what it would do now, of at most so many jobs. False: there were none, and it looked
  /// after the files.
  bool work_once(std::size_t most_jobs);
  /// The process is to stop: no lock of another program is waited for any more. Jobs that need one fail then,
  /// and nothing that was committed is lost. Thread-safe.
  void hurry();
  /// Whether the database thread gets on. Thread-safe.
  WriterProgress progress() const;

  /// Why the last checkpoint failed, if it did; the commits are safe in the WAL, which grows until one
  /// succeeds. Thread-safe.
  std::optional<Failure> checkpoint_failure() const;
  /// Why the mirror can never take rows again (mirror_gone), told within a second or so even if there is
  /// nothing to do: somebody removed or replaced its files. Thread-safe.
  std::optional<Failure> lost() const;

  /// Commits what is queued, ends the thread, empties the WAL and closes the mirror. No coroutine may be
  /// waiting any more, and no job may follow. What is left in the WAL, in bytes: 0, unless a reader holds it
  /// or it cannot be moved; a copy must not be put in the mirror's place then without it.
  std::uintmax_t close();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace couponsync
