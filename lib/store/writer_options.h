#pragma once

#include <chrono>
#include <cstddef>

namespace couponsync {

struct WriterOptions {
  std::size_t max_jobs_per_transaction = 64;  ///< pages committed together at most
  /// While there is nothing to do: whether the mirror's files are still there.
  std::chrono::milliseconds look_every{1'000};
  /// A checkpoint that failed, if no job came meanwhile.
  std::chrono::milliseconds checkpoint_again_after{10'000};
  /// For a lock that another program holds, before the jobs at hand fail.
  std::chrono::milliseconds lock_patience{120'000};
  /// Without one, jobs wait until `Writer::work_once` runs them: for tests that decide when.
  bool has_thread = true;
};

}  // namespace couponsync
