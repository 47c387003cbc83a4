#include "sync/pacer.h"

#include <boost/asio/use_awaitable.hpp>

#include <stdexcept>

namespace couponsync {
namespace {

/// Puts the turn's token back, also when the waiting is cancelled.
template <class Channel>
class TurnGuard {
 public:
  explicit TurnGuard(Channel& turn) : turn_(turn) {}
  TurnGuard(const TurnGuard&) = delete;
  TurnGuard& operator=(const TurnGuard&) = delete;
  ~TurnGuard() { turn_.try_send(boost::system::error_code{}); }

 private:
  Channel& turn_;
};

}  // namespace

Pacer::Pacer(Env& env, RateController& rate, const boost::asio::any_io_executor& executor)
    : env_(env), rate_(rate), turn_(executor, 1) {
  if (!turn_.try_send(boost::system::error_code{})) throw std::logic_error("a new channel takes one token");
}

Task<SteadyTime> Pacer::next_turn() {
  co_await turn_.async_receive(boost::asio::use_awaitable);
  const TurnGuard guard(turn_);
  for (;;) {
    const SteadyTime now = env_.steady_now();
    const SteadyTime at = rate_.earliest_send(now);
    if (at <= now) {
      rate_.sent(now);
      co_return now;
    }
    co_await env_.sleep_until(at);
  }
}

}  // namespace couponsync
