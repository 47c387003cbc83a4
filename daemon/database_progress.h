#pragma once

#include "base/time.h"
#include "store/writer_progress.h"

#include <chrono>

namespace couponsync::daemon {

/// For how long the database thread has completed nothing though jobs were waiting. The longest commits known
/// take seconds; one that takes a minute hangs in a disk that does not answer. Pure; asked now and then,
/// which is enough: jobs are completed in order, so if none was meanwhile, the one that waited then waits
/// still.
class DatabaseProgress {
 public:
  static constexpr std::chrono::seconds kHangs{60};

  /// On the io thread; `now` never goes back.
  std::chrono::seconds stuck_for(const WriterProgress& progress, SteadyTime now) {
    // Who waits for another program's lock looks at it all the time: that thread does not hang.
    const bool waits_for_lock = progress.lock_wait > std::chrono::milliseconds(0);
    if (last_.pending == 0 || progress.pending == 0 || progress.completed != last_.completed ||
        waits_for_lock)
      since_ = now;
    last_ = progress;
    return std::chrono::floor<std::chrono::seconds>(now - since_);
  }

 private:
  WriterProgress last_;
  SteadyTime since_{};
};

}  // namespace couponsync::daemon
