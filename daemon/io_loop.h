#pragma once

#include "base/task.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/system/system_error.hpp>

#include <exception>
#include <optional>
#include <utility>

namespace couponsync::daemon {

/// The io thread's loop around one main coroutine.
class IoLoop {
 public:
  boost::asio::io_context& context() { return context_; }

  /// Cancels the main coroutine. On the io thread.
  void stop() { stop_.emit(boost::asio::cancellation_type::terminal); }

  /// Runs `main` to its end; nothing if it was stopped. What is still pending then, such as a name being
  /// resolved, is left alone. Throws what `main` throws.
  template <class T>
  std::optional<T> run(Task<T> main) {
    std::optional<T> result;
    std::exception_ptr thrown;
    boost::asio::co_spawn(
        context_, std::move(main),
        boost::asio::bind_cancellation_slot(stop_.slot(), [&](std::exception_ptr e, T value) {
          thrown = std::move(e);
          if (!thrown) result.emplace(std::move(value));
          context_.stop();
        }));
    context_.run();
    try {
      if (thrown) std::rethrow_exception(thrown);
    } catch (const boost::system::system_error& error) {
      if (error.code() != boost::asio::error::operation_aborted) throw;
    }
    return result;
  }

 private:
  boost::asio::io_context context_{1};
  boost::asio::cancellation_signal stop_;
};

}  // namespace couponsync::daemon
