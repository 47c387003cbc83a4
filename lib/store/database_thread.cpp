#include "store/database_thread.h"

#include "store/errors.h"

#include <utility>

namespace couponsync {
namespace {

// A burst is over when nothing came for so long: pages of one listing come one network round trip apart, and
// a checkpoint after each would cost more than the commits.
constexpr std::chrono::milliseconds kQuiet{50};

void fail_all(Jobs& jobs, const std::exception_ptr& why) {
  for (const std::unique_ptr<Job>& job : jobs) job->fail(why);
}

}  // namespace

DatabaseThread::DatabaseThread(Mirror mirror, WriterOptions options)
    : mirror_(std::move(mirror)), options_(options), thread_([this] { work(); }) {}

DatabaseThread::~DatabaseThread() {
  queue_.close();
  thread_.join();
}

void DatabaseThread::work() {
  bool checkpointed = true;
  for (;;) {
    Jobs jobs = next_jobs(checkpointed);
    if (jobs.empty()) break;
    run(jobs);
    for (const std::unique_ptr<Job>& job : jobs) job->complete();
    const std::size_t completed = jobs.size();
    jobs.clear();
    queue_.completed(completed);
    checkpointed = false;
    if (mirror_.checkpoint_due()) checkpoint();
  }
  if (!checkpointed) checkpoint();
}

/// None once the queue is closed and empty. Checkpoints when it gets quiet.
Jobs DatabaseThread::next_jobs(bool& checkpointed) {
  if (!checkpointed) {
    Jobs jobs = queue_.take(options_.max_jobs_per_transaction, kQuiet);
    if (!jobs.empty() || queue_.is_closed()) return jobs;
    checkpoint();
    checkpointed = true;
  }
  return queue_.take(options_.max_jobs_per_transaction);
}

void DatabaseThread::run(Jobs& jobs) {
  try {
    mirror_.begin();
    for (const std::unique_ptr<Job>& job : jobs) job->run(mirror_);
    mirror_.commit();
  } catch (...) {
    fail_all(jobs, std::current_exception());
  }
}

/// A checkpoint that fails loses nothing: the log has every commit, and the next one tries again.
void DatabaseThread::checkpoint() {
  std::optional<Failure> failure;
  try {
    mirror_.checkpoint();
  } catch (const MirrorError& error) {
    failure = to_failure(error);
  }
  const std::lock_guard lock(mutex_);
  checkpoint_failure_ = std::move(failure);
}

std::optional<Failure> DatabaseThread::checkpoint_failure() const {
  const std::lock_guard lock(mutex_);
  return checkpoint_failure_;
}

}  // namespace couponsync
