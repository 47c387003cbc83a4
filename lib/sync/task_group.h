#pragma once

#include "base/task.h"
#include "sync/condition.h"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>

#include <cstddef>
#include <exception>
#include <list>

namespace couponsync {

/// Coroutines that run beside each other, as many as come. One that throws cancels the others. On the io
/// thread; joined before it is destroyed, and whatever its coroutines refer to outlives it.
class TaskGroup {
 public:
  explicit TaskGroup(const boost::asio::any_io_executor& executor)
      : executor_(executor), changed_(executor) {}
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;

  void spawn(Task<> task);
  /// How many have not ended.
  std::size_t running() const { return running_; }
  /// Those that run; who is spawned later is not.
  void cancel();
  /// Waits until all have ended; cancelled, it cancels them and waits all the same, and its caller looks at
  /// its own cancellation. Throws what one of them threw, unless that was its cancellation.
  Task<> join();

 private:
  struct Member {
    boost::asio::cancellation_signal stop;
    bool has_ended = false;
  };

  boost::asio::any_io_executor executor_;
  std::list<Member> members_;
  std::size_t running_ = 0;
  std::exception_ptr thrown_;
  Condition changed_;
};

}  // namespace couponsync
