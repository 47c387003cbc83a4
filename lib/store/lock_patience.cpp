#include "store/lock_patience.h"

#include <sqlite3.h>

#include <algorithm>

namespace couponsync {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLongestStep{50};
/// Others hold a lock for so long with every commit of theirs.
constexpr milliseconds kInAHurry{50};

}  // namespace

void LockPatience::attach_to(sqlite3* connection) {
  sqlite3_busy_handler(
      connection,
      [](void* patience, int times) {
        return static_cast<LockPatience*>(patience)->waits_again(times) ? 1 : 0;
      },
      this);
}

void LockPatience::wait_at_most(milliseconds most) {
  const std::lock_guard lock(mutex_);
  most_ = most;
}

void LockPatience::hurry() {
  const std::lock_guard lock(mutex_);
  hurries_ = true;
  changed_.notify_all();
}

milliseconds LockPatience::most() const {
  if (bound_) return *bound_;
  return hurries_ ? std::min(most_, kInAHurry) : most_;
}

// SQLite asks again and again for one lock, and does not say when it has it.
milliseconds LockPatience::waited() const {
  const std::lock_guard lock(mutex_);
  const Clock::time_point now = Clock::now();
  if (asked_at_ == Clock::time_point{} || now - asked_at_ > 4 * kLongestStep) return milliseconds{0};
  return std::chrono::duration_cast<milliseconds>(now - since_);
}

bool LockPatience::waits_again(int times) {
  std::unique_lock lock(mutex_);
  asked_at_ = Clock::now();
  if (times == 0) since_ = asked_at_;
  if (asked_at_ - since_ >= most()) {
    asked_at_ = {};
    return false;
  }
  const milliseconds step = std::min(kLongestStep, milliseconds{1 + times});
  const bool hurried = hurries_;
  changed_.wait_for(lock, step, [&] { return hurries_ != hurried; });
  return true;
}

LockPatience::Bound::Bound(LockPatience& patience, milliseconds most) : patience_(patience) {
  const std::lock_guard lock(patience_.mutex_);
  patience_.bound_ = most;
}

LockPatience::Bound::~Bound() {
  const std::lock_guard lock(patience_.mutex_);
  patience_.bound_.reset();
}

}  // namespace couponsync
