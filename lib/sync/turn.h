#pragma once

#include "base/task.h"

#include <boost/asio/any_io_executor.hpp>

#include <list>
#include <utility>

namespace couponsync {

/// Who is served first.
enum class Urgency {
  ordinary,
  urgent,  ///< somebody waits for just this: before all that is ordinary
};
inline constexpr Urgency kOrdinary = Urgency::ordinary;

/// Who waits for it gets it in the order of asking, the urgent first, one at a time. On the io thread;
/// outlives its holders, and who waits. (Boost 1.81's channel is no turn: when all who wait for it are
/// cancelled, it takes nothing back.)
class Turn {
 public:
  explicit Turn(boost::asio::any_io_executor executor) : executor_(std::move(executor)) {}
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

  /// Gives the turn to the next one when it goes.
  class Holder {
   public:
    Holder(Holder&& other) noexcept;
    Holder& operator=(Holder&&) = delete;
    ~Holder();

   private:
    friend class Turn;
    explicit Holder(Turn* turn) : turn_(turn) {}
    Turn* turn_;
  };

  /// What waits may become urgent meanwhile. Cancellable.
  Task<Holder> take(const Urgency& urgency = kOrdinary);

 private:
  class Waiter;

  void give_on();

  boost::asio::any_io_executor executor_;
  bool is_taken_ = false;
  std::list<Waiter*> waiting_;  ///< only while it is taken
};

}  // namespace couponsync
