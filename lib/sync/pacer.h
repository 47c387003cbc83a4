#pragma once

#include "base/env.h"
#include "base/task.h"
#include "net/rate_controller.h"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/experimental/channel.hpp>

namespace couponsync {

/// Makes calls wait for their turn, first come first served, at the pace the rate controller allows. On the
/// io thread. The controller is the brand's and outlives the pacer.
class Pacer {
 public:
  Pacer(Env& env, RateController& rate, const boost::asio::any_io_executor& executor);

  /// Returns when the caller may send, and counts the call as sent at that instant. Cancellable.
  Task<SteadyTime> next_turn();

 private:
  using Turn = boost::asio::experimental::channel<void(boost::system::error_code)>;

  Env& env_;
  RateController& rate_;
  Turn turn_;  ///< holds the one token; who has taken it out is next
};

}  // namespace couponsync
