#include "sync/pacer.h"

namespace couponsync {

Task<SteadyTime> Pacer::next_turn(const Urgency& urgency) {
  const Turn::Holder turn = co_await turn_.take(urgency);
  for (;;) {
    const SteadyTime now = env_.steady_now();
    const SteadyTime at = rate_.earliest_send(now);
    if (at <= now) {
      rate_.sent(now);
      co_return now;
    }
    co_await changed_.wait_until(env_, at);
  }
}

}  // namespace couponsync
