#include "sync/turn.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <stdexcept>
#include <utility>

namespace couponsync {

Turn::Turn(const boost::asio::any_io_executor& executor) : token_(executor, 1) {
  if (!token_.try_send(boost::system::error_code{})) throw std::logic_error("a new channel takes one token");
}

Turn::Holder::Holder(Holder&& other) noexcept : turn_(std::exchange(other.turn_, nullptr)) {}

Turn::Holder::~Holder() {
  if (turn_ != nullptr) turn_->token_.try_send(boost::system::error_code{});
}

Task<Turn::Holder> Turn::take() {
  const auto [error] = co_await token_.async_receive(boost::asio::as_tuple(boost::asio::use_awaitable));
  // The channel has an error of its own for its being cancelled.
  if (error) throw boost::system::system_error(boost::asio::error::operation_aborted);
  co_return Holder(this);
}

}  // namespace couponsync
