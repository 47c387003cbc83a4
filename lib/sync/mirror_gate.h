#pragma once

#include "base/env.h"
#include "base/failure.h"
#include "base/task.h"
#include "sync/events.h"
#include "sync/valve.h"

#include <boost/asio/any_io_executor.hpp>

namespace couponsync {

/// Keeps a mirror that takes no rows from costing more than a call every 30 s: while it takes none, one
/// listing, or one watchlist, is tried at a time, and the first rows that are stored let all go on, however
/// much the one who tried has still to do. On the io thread; outlives its passes.
class MirrorGate {
 public:
  MirrorGate(Env& env, Events& events, const boost::asio::any_io_executor& executor);

  /// Waits while nobody, or only another one, may try. Cancellable.
  Task<Valve::Pass> enter() { return valve_.enter(); }
  /// The mirror took nothing of what was done with that pass, which is used up.
  void failed(Valve::Pass& pass, const Failure& why);
  /// It took some rows.
  void took_rows();
  /// Somebody asks for it: the next try goes at once.
  void try_again() { valve_.hurry(); }

 private:
  Events& events_;
  Valve valve_;
};

}  // namespace couponsync
