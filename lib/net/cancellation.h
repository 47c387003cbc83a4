#pragma once

#include "base/task.h"

#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/system/system_error.hpp>

namespace couponsync {

/// After an operation that failed: was it because this coroutine is being cancelled? Then throws
/// operation_aborted, so that a shutdown never looks like a failure or a missed deadline.
inline Task<> throw_if_cancelled() {
  const auto state = co_await boost::asio::this_coro::cancellation_state;
  if (state.cancelled() != boost::asio::cancellation_type::none)
    throw boost::system::system_error(boost::asio::error::operation_aborted);
}

}  // namespace couponsync
