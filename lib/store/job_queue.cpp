#include "store/job_queue.h"

#include <algorithm>
#include <iterator>

namespace couponsync {

void JobQueue::push(std::unique_ptr<Job> job) {
  const std::lock_guard lock(mutex_);
  jobs_.push_back(std::move(job));
  ++pending_;
  ready_.notify_one();
}

void JobQueue::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  ready_.notify_one();
}

Jobs JobQueue::take(std::size_t most, std::chrono::milliseconds patience) {
  std::unique_lock lock(mutex_);
  ready_.wait_for(lock, patience, [&] { return closed_ || !jobs_.empty(); });
  return take_locked(most);
}

Jobs JobQueue::take_locked(std::size_t most) {
  const auto end = jobs_.begin() + static_cast<std::ptrdiff_t>(std::min(most, jobs_.size()));
  Jobs taken(std::make_move_iterator(jobs_.begin()), std::make_move_iterator(end));
  jobs_.erase(jobs_.begin(), end);
  return taken;
}

bool JobQueue::is_finished() const {
  const std::lock_guard lock(mutex_);
  return closed_ && jobs_.empty();
}

void JobQueue::completed(std::size_t jobs) {
  const std::lock_guard lock(mutex_);
  pending_ -= jobs;
  completed_ += jobs;
}

std::size_t JobQueue::pending() const {
  const std::lock_guard lock(mutex_);
  return pending_;
}

WriterProgress JobQueue::progress() const {
  const std::lock_guard lock(mutex_);
  return {.pending = pending_, .completed = completed_};
}

}  // namespace couponsync
