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
    : mirror_(std::move(mirror)), options_(options), patience_(mirror_.lock_patience()) {
  patience_->wait_at_most(options.lock_patience);
  if (options.has_thread) thread_ = std::thread([this] { work(); });
}

DatabaseThread::~DatabaseThread() { close(); }

std::uintmax_t DatabaseThread::close() {
  if (std::exchange(is_closed_, true)) return 0;
  queue_.close();
  if (thread_.joinable())
    thread_.join();
  else
    work();
  return mirror_.close();
}

bool DatabaseThread::work_once(std::size_t most_jobs) {
  Jobs jobs = queue_.take(most_jobs, std::chrono::milliseconds(0));
  const bool has_work = !jobs.empty();
  if (has_work)
    work_on(std::move(jobs));
  else
    rest();
  return has_work;
}

WriterProgress DatabaseThread::progress() const {
  WriterProgress progress = queue_.progress();
  progress.lock_wait = patience_->waited();
  return progress;
}

void DatabaseThread::work() {
  for (;;) {
    Jobs jobs = next_jobs();
    if (jobs.empty()) break;
    work_on(std::move(jobs));
  }
  look_after_files();
}

void DatabaseThread::work_on(Jobs jobs) {
  run(jobs);
  for (const std::unique_ptr<Job>& job : jobs) job->complete();
  const std::size_t completed = jobs.size();
  jobs.clear();
  queue_.completed(completed);
  checkpointed_ = false;
  if (mirror_.checkpoint_due()) checkpoint();
}

/// None once the queue is closed and empty. Checkpoints when it gets quiet.
Jobs DatabaseThread::next_jobs() {
  for (;;) {
    Jobs jobs = queue_.take(options_.max_jobs_per_transaction, checkpointed_ ? options_.look_every : kQuiet);
    if (!jobs.empty() || queue_.is_finished()) return jobs;
    rest();
  }
}

void DatabaseThread::rest() {
  if (checkpointed_)
    look_after_files();
  else
    checkpoint();
}

void DatabaseThread::run(Jobs& jobs) {
  try {
    mirror_.begin();
    for (const std::unique_ptr<Job>& job : jobs) job->run(mirror_);
    mirror_.commit();
  } catch (const MirrorError& error) {
    note(error);
    fail_all(jobs, std::current_exception());
  } catch (...) {
    fail_all(jobs, std::current_exception());
  }
}

/// A checkpoint that fails loses nothing: the log has every commit, and the next one tries again.
void DatabaseThread::checkpoint() {
  checkpoint_tried_at_ = std::chrono::steady_clock::now();
  std::optional<Failure> failure;
  try {
    checkpointed_ = mirror_.checkpoint();
    if (!checkpointed_) return;
  } catch (const MirrorError& error) {
    checkpointed_ = true;
    failure = to_failure(error);
    note(error);
  }
  const std::lock_guard lock(mutex_);
  checkpoint_failure_ = std::move(failure);
}

void DatabaseThread::look_after_files() {
  try {
    mirror_.require_intact();
  } catch (const MirrorError& error) {
    note(error);
    return;
  }
  const bool is_due =
      std::chrono::steady_clock::now() - checkpoint_tried_at_ >= options_.checkpoint_again_after;
  if (is_due && checkpoint_failure()) checkpoint();
}

void DatabaseThread::note(const MirrorError& error) {
  if (error.reason() != MirrorError::Reason::gone) return;
  const std::lock_guard lock(mutex_);
  if (!lost_) lost_ = to_failure(error);
}

std::optional<Failure> DatabaseThread::checkpoint_failure() const {
  const std::lock_guard lock(mutex_);
  return checkpoint_failure_;
}

std::optional<Failure> DatabaseThread::lost() const {
  const std::lock_guard lock(mutex_);
  return lost_;
}

}  // namespace couponsync
