#pragma once

#include <boost/asio/awaitable.hpp>

namespace couponsync {

/// A coroutine on the io thread. It takes terminal cancellation, which surfaces at its `co_await` as
/// boost::system::system_error(boost::asio::error::operation_aborted): a shutdown is an exception that
/// unwinds, never a Result that a retry might mistake for a failure of the API.
///
/// g++ 12 miscompiles several forms; everywhere in this project: one `co_await` per statement, its arguments
/// already named, and functions instead of capturing coroutine lambdas.
template <class T = void>
using Task = boost::asio::awaitable<T>;

}  // namespace couponsync
