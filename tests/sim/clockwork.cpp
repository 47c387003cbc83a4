#include "sim/clockwork.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

namespace couponsync::sim {

using std::chrono::milliseconds;
using std::chrono::seconds;

void Clockwork::set_alarm(std::chrono::nanoseconds at) {
  const SteadyTime when = env_.steady_now() + (at - env_.elapsed());
  boost::asio::co_spawn(env_.context(), sleep(when), boost::asio::detached);
}

Clockwork::Did Clockwork::next(Writer* writer) {
  const bool has_jobs = writer != nullptr && writer->pending() > 0;
  if (has_jobs && is_database_ready() && random_.chance(0.3)) return work_on_jobs(*writer);
  if (env_.run_ready_handler()) return Did::handler;
  if (has_jobs && is_database_ready()) return work_on_jobs(*writer);
  if (writer != nullptr && !has_jobs && wants_look()) {
    has_looked_ = true;
    looked_at_ = env_.elapsed();
    writer->work_once(1);
    return Did::look;
  }
  return env_.wake_next_sleeper() ? Did::time : Did::nothing;
}

Clockwork::Did Clockwork::work_on_jobs(Writer& writer) {
  has_looked_ = false;
  writer.work_once(1 + random_.below(8));
  return Did::jobs;
}

bool Clockwork::wants_look() {
  if (looks_often_) return env_.elapsed() - looked_at_ >= seconds(1) || !has_looked_;
  if (has_looked_) return false;
  has_looked_ = !random_.chance(0.04);
  return !has_looked_;
}

bool Clockwork::is_database_ready() {
  if (env_.elapsed() >= slow_until_) return true;
  if (ready_at_ < env_.elapsed()) {
    ready_at_ = env_.elapsed() + milliseconds(random_.between(1, 3'000));
    set_alarm(ready_at_);
    return false;
  }
  return ready_at_ == env_.elapsed();
}

}  // namespace couponsync::sim
