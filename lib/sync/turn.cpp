#include "sync/turn.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <utility>

namespace couponsync {

/// In the list for as long as it waits.
class Turn::Waiter {
 public:
  Waiter(Turn& turn, const Urgency& urgency)
      : urgency_(urgency),
        others_(turn.waiting_),
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
  bool is_urgent() const { return urgency_ == Urgency::urgent; }
  bool has_it() const { return has_it_; }
  boost::asio::steady_timer& granted() { return granted_; }

 private:
  const Urgency& urgency_;
  std::list<Waiter*>& others_;
  boost::asio::steady_timer granted_;
  std::list<Waiter*>::iterator place_;
  bool has_it_ = false;
};

Turn::Holder::Holder(Holder&& other) noexcept : turn_(std::exchange(other.turn_, nullptr)) {}

Turn::Holder::~Holder() {
  if (turn_ != nullptr) turn_->give_on();
}

Task<Turn::Holder> Turn::take(const Urgency& urgency) {
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
  is_taken_ = !waiting_.empty();
  if (!is_taken_) return;
  const auto urgent = std::ranges::find_if(waiting_, &Waiter::is_urgent);
  (urgent == waiting_.end() ? waiting_.front() : *urgent)->grant();
}

}  // namespace couponsync
