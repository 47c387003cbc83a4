#pragma once

#include "sim/random.h"
#include "store/writer.h"
#include "support/fake_env.h"

#include <chrono>
#include <cstdint>

namespace couponsync::sim {

/// Decides what happens next: a handler runs, the database works, it looks after its files, or time passes.
/// Which of several is chance.
class Clockwork {
 public:
  Clockwork(test::FakeEnv& env, std::uint64_t seed) : env_(env), random_(seed) {}

  /// Virtual time does not jump over that.
  void set_alarm(std::chrono::nanoseconds at);
  /// Until then each transaction takes a while.
  void slow_database(std::chrono::nanoseconds until) { slow_until_ = until; }
  /// Each second, as the service does; else it would take most of the real time.
  void look_after_files(bool often) { looks_often_ = often; }

  enum class Did { handler, jobs, look, time, nothing };
  Did next(Writer* writer);

 private:
  Task<> sleep(SteadyTime until) { co_await env_.sleep_until(until); }
  bool is_database_ready();
  bool wants_look();
  Did work_on_jobs(Writer& writer);

  test::FakeEnv& env_;
  Random random_;
  bool looks_often_ = false;
  bool has_looked_ = true;
  std::chrono::nanoseconds looked_at_{0};
  std::chrono::nanoseconds slow_until_{0};
  std::chrono::nanoseconds ready_at_{-1};
};

}  // namespace couponsync::sim
