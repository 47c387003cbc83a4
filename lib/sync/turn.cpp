#include "sync/turn.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <utility>

namespace couponsync {

/// In the list for as long as it waits.
class Turn::Waiter {
 public:
  Waiter(Turn& turn, Urgency urgency)
      : others_(turn.waiting(urgency)),
        granted_(turn.executor_, boost::asio::steady_timer::time_point::max()),
        place_(others_.insert(others_.end(), this)) {}
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;
  ~Waiter() {
    if (!has_it_) others_.erase(place_);
  }

  void grant() {
    has_it_ = true;
    others_.erase(place_);
    granted_.cancel();
  }
  bool has_it() const { return has_it_; }
  boost::asio::steady_timer& granted() { return granted_; }

 private:
  Waiters& others_;
  boost::asio::steady_timer granted_;
  Waiters::iterator place_;
  bool has_it_ = false;
};

Turn::Holder::Holder(Holder&& other) noexcept : turn_(std::exchange(other.turn_, nullptr)) {}

Turn::Holder::~Holder() {
  if (turn_ != nullptr) turn_->give_on();
}

Task<Turn::Holder> Turn::take(Urgency urgency) {
  if (!is_taken_) {
    is_taken_ = true;
    co_return Holder(this);
  }
  Waiter waiter(*this, urgency);
  // Being granted and being cancelled end it alike. Who is cancelled just then has it all the same, and gives
  // it on as soon as that is noticed.
  co_await waiter.granted().async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
  if (!waiter.has_it()) throw boost::system::system_error(boost::asio::error::operation_aborted);
  co_return Holder(this);
}

void Turn::give_on() {
  const Waiters& next = urgent_.empty() ? ordinary_ : urgent_;
  is_taken_ = !next.empty();
  if (is_taken_) next.front()->grant();
}

}  // namespace couponsync
