#pragma once

#include "base/task.h"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/experimental/channel.hpp>

namespace couponsync {

/// Who waits for it gets it in the order of asking, one at a time. On the io thread; outlives its holders.
class Turn {
 public:
  explicit Turn(const boost::asio::any_io_executor& executor);

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

  /// Cancellable.
  Task<Holder> take();

 private:
  boost::asio::experimental::channel<void(boost::system::error_code)> token_;  ///< holds the one there is
};

}  // namespace couponsync
