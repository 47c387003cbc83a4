#include "sync/condition.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/multiple_exceptions.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <exception>
#include <utility>

namespace couponsync {

Condition::Condition(const boost::asio::any_io_executor& executor)
    : never_(executor, boost::asio::steady_timer::time_point::max()) {}

Task<> Condition::wait() {
  // Notifying and cancelling both end the wait as operation_aborted; only the cancellation state tells them
  // apart.
  co_await never_.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
  const auto state = co_await boost::asio::this_coro::cancellation_state;
  if (state.cancelled() != boost::asio::cancellation_type::none)
    throw boost::system::system_error(boost::asio::error::operation_aborted);
}

Task<> Condition::wait_until(Env& env, SteadyTime deadline) {
  using boost::asio::experimental::awaitable_operators::operator||;
  Task<> sleep = env.sleep_until(deadline);
  Task<> notice = wait();
  // Cancelled, both end with an exception, and `||` throws them in a wrapper of its own.
  try {
    co_await (std::move(sleep) || std::move(notice));
  } catch (const boost::asio::multiple_exceptions& both) {
    std::rethrow_exception(both.first_exception());
  }
}

void Condition::notify_all() { never_.cancel(); }

}  // namespace couponsync
