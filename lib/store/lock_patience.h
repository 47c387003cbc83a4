#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>

struct sqlite3;

namespace couponsync {

/// Inside the store: how long a connection waits for the locks of other programs: in short steps, so that it
/// ends soon after it was told to hurry. Outlives the connection. Functions are thread-safe.
class LockPatience {
 public:
  explicit LockPatience(std::chrono::milliseconds most) : most_(most) {}
  LockPatience(const LockPatience&) = delete;
  LockPatience& operator=(const LockPatience&) = delete;

  /// Makes the connection wait by this.
  void attach_to(sqlite3* connection);
  /// From now on at most so long for one lock.
  void wait_at_most(std::chrono::milliseconds most);
  /// Ends the waiting at hand, and lets hardly any follow: the process is to stop.
  void hurry();
  /// How long a lock has been waited for by now; 0: none is.
  std::chrono::milliseconds waited() const;

  /// Another bound while it lives, for what is waited for even in a hurry.
  class Bound {
   public:
    Bound(LockPatience& patience, std::chrono::milliseconds most);
    ~Bound();
    Bound(const Bound&) = delete;
    Bound& operator=(const Bound&) = delete;

   private:
    LockPatience& patience_;
  };

 private:
  using Clock = std::chrono::steady_clock;

  bool waits_again(int times);
  std::chrono::milliseconds most() const;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::chrono::milliseconds most_;
  std::optional<std::chrono::milliseconds> bound_;
  bool hurries_ = false;
  Clock::time_point since_;
  Clock::time_point asked_at_;
};

}  // namespace couponsync
