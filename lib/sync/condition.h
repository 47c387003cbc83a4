#pragma once

#include "base/env.h"
#include "base/task.h"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

namespace couponsync {

/// Lets coroutines of one thread wait until another one says that something changed. As with a condition
/// variable, who wakes looks again. On the io thread; outlives its waiters.
class Condition {
 public:
  explicit Condition(const boost::asio::any_io_executor& executor);

  /// Returns after the next `notify_all`; throws operation_aborted when cancelled.
  Task<> wait();
  /// The same, or returns at `deadline`.
  Task<> wait_until(Env& env, SteadyTime deadline);
  void notify_all();

 private:
  boost::asio::steady_timer never_;
};

}  // namespace couponsync
