#pragma once

#include "base/env.h"
#include "base/task.h"
#include "net/rate_controller.h"
#include "sync/condition.h"
#include "sync/turn.h"

#include <boost/asio/any_io_executor.hpp>

namespace couponsync {

/// Makes calls wait for their turn, first come first served, the urgent first, at the pace the rate
/// controller allows. On the io thread. The controller is the brand's and outlives the pacer.
class Pacer {
 public:
  Pacer(Env& env, RateController& rate, const boost::asio::any_io_executor& executor)
      : env_(env), rate_(rate), turn_(executor), changed_(executor) {}

  /// Returns when the caller may send, and counts the call as sent at that instant. `urgency` as in Turn.
  /// Cancellable.
  Task<SteadyTime> next_turn(const Urgency& urgency = kOrdinary);
  /// The controller was given other options: who waits need not wait as long as the old ones said.
  void pace_changed() { changed_.notify_all(); }

 private:
  Env& env_;
  RateController& rate_;
  Turn turn_;
  Condition changed_;
};

}  // namespace couponsync
