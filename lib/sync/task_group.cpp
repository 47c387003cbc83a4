#include "sync/task_group.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/system/system_error.hpp>

#include <utility>

namespace couponsync {
namespace {

bool is_cancellation(const std::exception_ptr& thrown) {
  try {
    std::rethrow_exception(thrown);
  } catch (const boost::system::system_error& error) {
    return error.code() == boost::asio::error::operation_aborted;
  } catch (...) {
    return false;
  }
}

}  // namespace

void TaskGroup::spawn(Task<> task) {
  std::erase_if(members_, [](const Member& member) { return member.has_ended; });
  Member& member = members_.emplace_back();
  ++running_;
  boost::asio::co_spawn(
      executor_, std::move(task),
      boost::asio::bind_cancellation_slot(member.stop.slot(), [this, &member](std::exception_ptr thrown) {
        member.has_ended = true;
        --running_;
        if (thrown && !is_cancellation(thrown)) {
          if (!thrown_) thrown_ = std::move(thrown);
          cancel();
        }
        changed_.notify_all();
      }));
}

void TaskGroup::cancel() {
  for (Member& member : members_)
    if (!member.has_ended) member.stop.emit(boost::asio::cancellation_type::terminal);
}

Task<> TaskGroup::join() {
  const bool throws = co_await boost::asio::this_coro::throw_if_cancelled();
  co_await boost::asio::this_coro::throw_if_cancelled(false);
  bool has_cancelled = false;
  while (running_ > 0) {
    const auto state = co_await boost::asio::this_coro::cancellation_state;
    const bool is_cancelled = state.cancelled() != boost::asio::cancellation_type::none;
    if (is_cancelled && !std::exchange(has_cancelled, true)) cancel();
    if (running_ == 0) break;
    try {
      co_await changed_.wait();
    } catch (const boost::system::system_error&) {  // that is what a cancelled wait ends with
    }
  }
  co_await boost::asio::this_coro::throw_if_cancelled(throws);
  if (thrown_) std::rethrow_exception(std::exchange(thrown_, nullptr));
}

}  // namespace couponsync
